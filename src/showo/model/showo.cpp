#include "showo/model/showo.h"

#include <cmath>

#include "showo/codec/quantizer.h"
#include "showo/core/random.h"

namespace showo {

ShowoImpl::ShowoImpl(const ShowoConfig& config, const LlmConfig& llm)
    : config(config),
      llm_config(llm),
      vocabulary(config.vocabulary(llm)),
      showo(register_module("showo", PhiForCausalLM(llm, config.vocab_size))) {}

Tensor ShowoImpl::hidden(const Tensor& ids, Sequences sequences, const Tensor& positions) {
  const auto here = torch::dtype(torch::kLong).device(device());
  for (auto& sequence : sequences) {
    auto& matrix = sequence.visible.matrix;
    if (matrix.defined()) matrix = matrix.to(here.device());
  }
  // The table may be narrower than what is computed in.
  const auto dtype = showo->model->final_layernorm->weight.scalar_type();
  return showo->model(showo->model->embed_tokens(ids.to(here)).to(dtype), positions.to(here),
                      sequences);
}

Tensor ShowoImpl::hidden(const Tensor& ids, const Visible& visible, KvCache* cache,
                         Tensor positions) {
  if (!positions.defined()) {
    const int64_t start = cache ? cache->length() : 0;
    positions = torch::arange(start, start + ids.size(1)).unsqueeze(0);
  }
  return hidden(ids, {{ids.size(1), visible, cache}}, positions);
}

Tensor ShowoImpl::image_logits(const Tensor& hidden) {
  return showo->lm_head->forward_channels(hidden, vocabulary.image_offset,
                                          vocabulary.codebook_size);
}

void ShowoImpl::round_weights(const LowBits& format) {
  torch::NoGradGuard no_grad;
  for (const auto& [name, linear] : linears_of(*this))
    linear->replace_weight(pack(linear->weight, format, name + ".weight"));
  auto& table = showo->model->embed_tokens->weight;
  if (table.scalar_type() == torch::kFloat) table.set_data(table.to(torch::kBFloat16));
  low_bits = format;
}

void ShowoImpl::join_projections() {
  for (const auto& layer : *showo->model->layers)
    layer->as<PhiLayerImpl>()->self_attn->join_projections();
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

}  // namespace

void initialise_showo(Showo model, uint64_t seed) {
  torch::NoGradGuard no_grad;
  auto generator = make_generator(seed);
  for (auto& item : model->named_parameters()) {
    auto& parameter = item.value();
    if (item.key().ends_with("bias")) {
      parameter.zero_();
    } else if (item.key().find("layernorm") != std::string::npos) {
      parameter.fill_(1);
    } else {
      parameter.normal_(0, kStd, generator);
    }
  }
  fill_code_rows(model->showo->model->embed_tokens->weight, model->vocabulary, generator);
  fill_code_rows(model->showo->lm_head->weight, model->vocabulary, generator);
}

}  // namespace showo
