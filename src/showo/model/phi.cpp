#include "showo/model/phi.h"

#include "showo/nn/norm_rotate.h"
#include "showo/nn/recompute.h"

namespace showo {

PhiAttentionImpl::PhiAttentionImpl(const LlmConfig& config)
    : heads(config.num_attention_heads),
      q_proj(register_module("q_proj", Linear(config.hidden_size, config.hidden_size))),
      k_proj(register_module("k_proj", Linear(config.hidden_size, config.hidden_size))),
      v_proj(register_module("v_proj", Linear(config.hidden_size, config.hidden_size))),
      dense(register_module("dense", Linear(config.hidden_size, config.hidden_size))),
      q_layernorm(
          register_module("q_layernorm", LayerNorm(config.head_size(), config.layer_norm_eps))),
      k_layernorm(
          register_module("k_layernorm", LayerNorm(config.head_size(), config.layer_norm_eps))) {}

void PhiAttentionImpl::join_projections() {
  torch::NoGradGuard no_grad;
  const std::array<Linear, 3> parts = {q_proj, k_proj, v_proj};
  joined_weight_ = torch::cat({q_proj->weight, k_proj->weight, v_proj->weight});
  joined_bias_ = torch::cat({q_proj->bias, k_proj->bias, v_proj->bias});
  for (size_t i = 0; i < parts.size(); ++i) {
    parts[i]->weight.set_data(joined_weight_.chunk(3)[i]);
    parts[i]->bias.set_data(joined_bias_.chunk(3)[i]);
  }
}

// Queries, keys and values, [B, T, C] each.
std::array<Tensor, 3> PhiAttentionImpl::project(const Tensor& x) {
  const bool joined = joined_weight_.defined() && !torch::GradMode::is_enabled() &&
                      joined_weight_.is_alias_of(q_proj->weight) &&
                      joined_bias_.is_alias_of(q_proj->bias);
  if (!joined) return {q_proj(x), k_proj(x), v_proj(x)};
  const auto parts = product(x, joined_weight_, joined_bias_).chunk(3, -1);
  return {parts[0], parts[1], parts[2]};
}

Tensor PhiAttentionImpl::forward(const Tensor& x, const Rope& rope, const Sequences& sequences,
                                 int64_t layer) {
  auto split = [&](const Tensor& t) { return t.view({t.size(0), t.size(1), heads, -1}); };
  const auto [q_BTC, k_BTC, v_BTC] = project(x);
  const auto q_BHTD = norm_rotate(split(q_BTC), q_layernorm, rope);
  const auto k_BHTD = norm_rotate(split(k_BTC), k_layernorm, rope);
  const auto v_BHTD = split(v_BTC).transpose(1, 2);
  std::vector<Tensor> attended;  // each [B, t, H, D]
  int64_t start = 0;
  for (const auto& [tokens, visible, cache, places] : sequences) {
    const auto own = [&](const Tensor& t) { return t.narrow(2, start, tokens); };
    auto k_BHSD = own(k_BHTD), v_BHSD = own(v_BHTD);
    if (cache) {
      std::tie(k_BHSD, v_BHSD) = places.defined() ? cache->put(layer, places, k_BHSD, v_BHSD)
                                                  : cache->append(layer, k_BHSD, v_BHSD);
    }
    attended.push_back(attend(own(q_BHTD), k_BHSD, v_BHSD, visible).transpose(1, 2));
    start += tokens;
  }
  return dense((attended.size() == 1 ? attended[0] : torch::cat(attended, 1)).flatten(2));
}

PhiMlpImpl::PhiMlpImpl(const LlmConfig& config)
    : fc1(register_module("fc1", Linear(config.hidden_size, config.intermediate_size))),
      fc2(register_module("fc2", Linear(config.intermediate_size, config.hidden_size))) {}

Tensor PhiMlpImpl::forward(const Tensor& x) { return fc2(fc1->forward_gelu(x)); }

PhiLayerImpl::PhiLayerImpl(const LlmConfig& config)
    : input_layernorm(
          register_module("input_layernorm", LayerNorm(config.hidden_size, config.layer_norm_eps))),
      self_attn(register_module("self_attn", PhiAttention(config))),
      mlp(register_module("mlp", PhiMlp(config))) {}

Tensor PhiLayerImpl::forward(const Tensor& x, const Rope& rope, const Sequences& sequences,
                             int64_t layer) {
  const auto normed = input_layernorm(x);
  return x + self_attn(normed, rope, sequences, layer) + mlp(normed);
}

PhiModelImpl::PhiModelImpl(const LlmConfig& config, int64_t vocab_size)
    : config(config),
      embed_tokens(register_module("embed_tokens", Embedding(vocab_size, config.hidden_size))),
      layers(register_module("layers", torch::nn::ModuleList())),
      final_layernorm(register_module("final_layernorm",
                                      LayerNorm(config.hidden_size, config.layer_norm_eps))) {
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) layers->push_back(PhiLayer(config));
}

Tensor PhiModelImpl::forward(Tensor x, const Tensor& positions, const Sequences& sequences) {
  const Rope rope(positions, config.rotary_size(), config.rope_theta);
  for (size_t i = 0; i < layers->size(); ++i) {
    auto layer = layers->ptr<PhiLayerImpl>(i);
    auto forward = [=](const Tensor& in) {
      return layer->forward(in, rope, sequences, static_cast<int64_t>(i));
    };
    x = recompute_layers && torch::GradMode::is_enabled()
            ? recompute(forward, x, layer->parameters())
            : forward(x);
  }
  return final_layernorm(x);
}

PhiForCausalLMImpl::PhiForCausalLMImpl(const LlmConfig& config, int64_t vocab_size)
    : model(register_module("model", PhiModel(config, vocab_size))),
      lm_head(register_module("lm_head", Linear(config.hidden_size, vocab_size))) {}

}  // namespace showo
