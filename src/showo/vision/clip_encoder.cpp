#include "showo/vision/clip_encoder.h"

namespace showo {

ClipAttentionImpl::ClipAttentionImpl(const ClipLayersConfig& config)
    : heads(config.num_attention_heads),
      k_proj(register_module("k_proj", Linear(config.hidden_size, config.hidden_size))),
      v_proj(register_module("v_proj", Linear(config.hidden_size, config.hidden_size))),
      q_proj(register_module("q_proj", Linear(config.hidden_size, config.hidden_size))),
      out_proj(register_module("out_proj", Linear(config.hidden_size, config.hidden_size))) {}

Tensor ClipAttentionImpl::forward(const Tensor& x, bool causal) {
  const auto split = [&](const Tensor& t) {
    return t.view({t.size(0), t.size(1), heads, -1}).transpose(1, 2);
  };
  const auto attended = attend(split(q_proj(x)), split(k_proj(x)), split(v_proj(x)), causal);
  return out_proj(attended.transpose(1, 2).flatten(2));
}

ClipMlpImpl::ClipMlpImpl(const ClipLayersConfig& config)
    : quick(config.hidden_act == "quick_gelu"),
      fc1(register_module("fc1", Linear(config.hidden_size, config.intermediate_size))),
      fc2(register_module("fc2", Linear(config.intermediate_size, config.hidden_size))) {}

Tensor ClipMlpImpl::forward(const Tensor& x) {
  const auto y = fc1(x);
  return fc2(quick ? y * torch::sigmoid(1.702 * y) : torch::gelu(y));
}

ClipLayerImpl::ClipLayerImpl(const ClipLayersConfig& config)
    : self_attn(register_module("self_attn", ClipAttention(config))),
      layer_norm1(
          register_module("layer_norm1", LayerNorm(config.hidden_size, config.layer_norm_eps))),
      mlp(register_module("mlp", ClipMlp(config))),
      layer_norm2(
          register_module("layer_norm2", LayerNorm(config.hidden_size, config.layer_norm_eps))) {}

Tensor ClipLayerImpl::forward(Tensor x, bool causal) {
  x = x + self_attn(layer_norm1(x), causal);
  return x + mlp(layer_norm2(x));
}

ClipEncoderImpl::ClipEncoderImpl(const ClipLayersConfig& config, int64_t count)
    : layers(register_module("layers", torch::nn::ModuleList())) {
  for (int64_t i = 0; i < count; ++i) layers->push_back(ClipLayer(config));
}

Tensor ClipEncoderImpl::forward(Tensor x, bool causal, int64_t depth) {
  for (int64_t i = 0; i < depth; ++i) x = layers->at<ClipLayerImpl>(i).forward(x, causal);
  return x;
}

}  // namespace showo
