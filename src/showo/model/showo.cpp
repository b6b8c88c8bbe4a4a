#include "showo/model/showo.h"

#include <cmath>

#include "showo/codec/quantizer.h"
#include "showo/core/random.h"

namespace showo {

ProjectorImpl::ProjectorImpl(int64_t feature_width, int64_t width)
    : first(register_module("0", Linear(feature_width, width))),
      second(register_module("2", Linear(width, width))) {}

Tensor ProjectorImpl::forward(const Tensor& features) {
  return second(torch::gelu(first(features)));
}

ShowoImpl::ShowoImpl(const ShowoConfig& config, const LlmConfig& llm)
    : config(config),
      vocabulary(config.vocabulary(llm)),
      showo(register_module("showo", Backbone(llm, config.vocab_size))) {
  if (config.seen_as() == Vision::kDiscrete) return;
  mm_projector = register_module("mm_projector", Projector(config.feature_width, llm.hidden_size));
}

Tensor ShowoImpl::hidden(const PackedRows& rows, const Tensor& features, const Wanted& wanted) {
  auto x = showo->embed(rows.ids_T);
  if (rows.feature_places.numel() > 0) {
    TORCH_CHECK(
        mm_projector && features.defined() && features.size(0) == rows.feature_places.numel(),
        "the rows' pictures are features, which the model must see");
    const auto projected = mm_projector(features.to(device(), mm_projector->first->bias.dtype()));
    x = x.index_copy(0, rows.feature_places.to(device()), projected.to(x.scalar_type()));
  }
  return showo->forward(x, rows.positions_T, rows.sequences, wanted);
}

void ShowoImpl::round_weights(const LowBits& format) {
  torch::NoGradGuard no_grad;
  showo->round_weights(format, "showo.");
  if (mm_projector) {
    for (const auto& [name, linear] : linears_of(*mm_projector))
      linear->replace_weight(pack(linear->weight, format, "mm_projector." + name + ".weight"));
  }
  low_bits = format;
}

void ShowoImpl::expect_rounded(const LowBits& format) {
  for (const auto& [name, linear] : linears_of(*this))
    linear->replace_weight(empty_packed(linear->out, linear->in, format));
  low_bits = format;
}

namespace {

constexpr double kStd = 0.02;

void fill_code_rows(const Tensor& weight, const Vocabulary& v, at::Generator& generator) {
  const auto bits =
      static_cast<int64_t>(std::llround(std::log2(static_cast<double>(v.codebook_size))));
  if (int64_t{1} << bits != v.codebook_size) return;
  auto codes = torch::arange(v.codebook_size).unsqueeze(1);
  auto signs = signs_of(codes, bits, 1, 1).flatten(1);  // [K, bits]
  auto shared = torch::empty({bits, weight.size(1)}).normal_(0, kStd / std::sqrt(bits), generator);
  auto rows = weight.narrow(0, v.image_offset, v.codebook_size);
  rows.mul_(0.25).add_(signs.matmul(shared), 0.97);
}

void initialise(torch::nn::Module& module, at::Generator& generator) {
  for (auto& item : module.named_parameters()) {
    auto& parameter = item.value();
    if (item.key().ends_with("bias")) {
      parameter.zero_();
    } else if (parameter.dim() == 1) {  // a norm's
      parameter.fill_(1);
    } else {
      parameter.normal_(0, kStd, generator);
    }
  }
}

}  // namespace

void ShowoImpl::see_by(const ShowoConfig& other, uint64_t seed) {
  torch::NoGradGuard no_grad;
  config.vision = other.vision;
  config.magvit_features = other.magvit_features;
  config.feature_width = other.feature_width;
  if (mm_projector) unregister_module("mm_projector");
  mm_projector = nullptr;
  if (config.seen_as() == Vision::kDiscrete) return;
  mm_projector =
      register_module("mm_projector", Projector(config.feature_width, showo->config.hidden_size));
  auto generator = make_generator(seed);
  initialise(*mm_projector, generator);
}

void initialise_showo(Showo model, uint64_t seed) {
  torch::NoGradGuard no_grad;
  auto generator = make_generator(seed);
  initialise(*model, generator);
  fill_code_rows(model->showo->model->embed_tokens->weight, model->vocabulary, generator);
  if (model->showo->lm_head)
    fill_code_rows(model->showo->lm_head->weight, model->vocabulary, generator);
}

}  // namespace showo
