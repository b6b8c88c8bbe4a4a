#include "showo/model/backbone.h"

#include "showo/core/weightless.h"
#include "showo/model/llama.h"
#include "showo/model/phi.h"
#include "showo/model/rope_scaling.h"
#include "showo/nn/recompute.h"

namespace showo {
namespace {

constexpr Family kFamilies[] = {
    {"phi", phi_layer, "final_layernorm", NormKind::kLayer, true},
    {"llama", llama_layer, "norm", NormKind::kRms, false},
    {"qwen2", qwen2_layer, "norm", NormKind::kRms, false},
    {"qwen3", qwen3_layer, "norm", NormKind::kRms, false},
};

double norm_eps(const LlmConfig& config, const Family& family) {
  return family.norm == NormKind::kLayer ? config.layer_norm_eps : config.rms_norm_eps;
}

}  // namespace

const Family& family_of(const std::string& model_type, const std::string& source) {
  std::string known;
  for (const Family& family : kFamilies) {
    if (family.model_type == model_type) return family;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", family.model_type);
  }
  fail("{}: model_type '{}' is not supported; known: {}", source, model_type, known);
}

DecoderImpl::DecoderImpl(const LlmConfig& config, int64_t vocab_size, const Family& family)
    : embed_tokens(register_module("embed_tokens", Embedding(vocab_size, config.hidden_size))),
      layers(register_module("layers", torch::nn::ModuleList())),
      final_norm(
          register_module(family.final_norm,
                          LayerNorm(config.hidden_size, norm_eps(config, family), family.norm))) {
  for (int64_t i = 0; i < config.num_hidden_layers; ++i)
    layers->push_back(std::static_pointer_cast<torch::nn::Module>(family.layer(config)));
}

BackboneImpl::BackboneImpl(const LlmConfig& llm, int64_t vocab_size)
    : config(llm), vocab_size(vocab_size) {
  const Family& family = family_of(config.model_type, "language model");
  model = register_module("model", Decoder(config, vocab_size, family));
  if (!config.tie_word_embeddings) {
    lm_head = register_module("lm_head", Linear(config.hidden_size, vocab_size, family.head_bias));
  }
}

Tensor BackboneImpl::embed(const Tensor& ids) {
  // The table may be narrower than what is computed in.
  return model->embed_tokens(ids.to(device())).to(model->final_norm->weight.scalar_type());
}

Tensor BackboneImpl::forward(Tensor x, const Tensor& positions, Sequences sequences,
                             const Wanted& wanted) {
  for (auto& sequence : sequences) {
    if (sequence.allowed.defined()) sequence.allowed = sequence.allowed.to(device());
  }
  if (!frequencies_.defined() || frequencies_.device() != device())
    frequencies_ = rope_frequencies(config).to(device());
  const Rope rope(positions.to(device()).unsqueeze(0), frequencies_);
  // One for all layers, and for those that are computed again: what a GPU makes of it is kept
  // there.
  const auto shared = std::make_shared<const Sequences>(std::move(sequences));
  const size_t count = model->layers->size();
  for (size_t i = 0; i < count; ++i) {
    auto layer = model->layers->ptr<DecoderLayerImpl>(i);
    const Wanted of_it = i + 1 == count ? wanted : Wanted();
    auto forward = [=](const Tensor& in) {
      return layer->forward(in, rope, *shared, static_cast<int64_t>(i), of_it);
    };
    x = recompute_layers && torch::GradMode::is_enabled()
            ? recompute(forward, x, layer->parameters())
            : forward(x);
  }
  return wanted.none() ? x : model->final_norm(x);
}

Tensor BackboneImpl::logits(const Tensor& hidden, int64_t first, int64_t count) {
  if (lm_head) return lm_head->forward_channels(hidden, first, count);
  const auto table = model->embed_tokens->weight.narrow(0, first, count);
  return product(hidden, table.to(hidden.scalar_type()), {});
}

void BackboneImpl::join_projections() {
  for (const auto& layer : *model->layers) {
    std::dynamic_pointer_cast<DecoderLayerImpl>(layer)->join_projections();
  }
}

void BackboneImpl::round_weights(const LowBits& format, const std::string& prefix) {
  torch::NoGradGuard no_grad;
  auto& table = model->embed_tokens->weight;
  if (!lm_head) {
    const Weightless shapes;
    lm_head = register_module("lm_head", Linear(config.hidden_size, vocab_size, false));
    lm_head->weight.set_data(table);
    config.tie_word_embeddings = false;
  }
  for (const auto& [name, linear] : linears_of(*this))
    linear->replace_weight(pack(linear->weight, format, prefix + name + ".weight"));
  if (table.scalar_type() == torch::kFloat) table.set_data(table.to(torch::kBFloat16));
}

void BackboneImpl::expect_rounded(const LowBits& format) {
  for (const auto& [name, linear] : linears_of(*this))
    linear->replace_weight(empty_packed(linear->out, linear->in, format));
}

int64_t BackboneImpl::bytes_a_token() const {
  int64_t bytes = 0;
  for (const auto& tensors : {parameters(), buffers()})
    for (const auto& tensor : tensors) bytes += static_cast<int64_t>(tensor.nbytes());
  return bytes - (lm_head ? static_cast<int64_t>(model->embed_tokens->weight.nbytes()) : 0);
}

}  // namespace showo
