// The transformer that both of CLIP's towers are: LayerNorm before attention and before the MLP,
// biases everywhere. Members are named by the keys of transformers' checkpoints. B rows, T tokens,
// C width.
#pragma once

#include "showo/core/torch.h"

#include "showo/nn/attention.h"
#include "showo/nn/layers.h"
#include "showo/vision/clip_config.h"

namespace showo {

struct ClipAttentionImpl : torch::nn::Module {
  explicit ClipAttentionImpl(const ClipLayersConfig& config);
  Tensor forward(const Tensor& x_BTC, bool causal);
  int64_t heads;
  Linear k_proj, v_proj, q_proj, out_proj;
};
TORCH_MODULE(ClipAttention);

struct ClipMlpImpl : torch::nn::Module {
  explicit ClipMlpImpl(const ClipLayersConfig& config);
  Tensor forward(const Tensor& x_BTC);
  bool quick;  // x·sigmoid(1.702·x) instead of the exact gelu
  Linear fc1, fc2;
};
TORCH_MODULE(ClipMlp);

struct ClipLayerImpl : torch::nn::Module {
  explicit ClipLayerImpl(const ClipLayersConfig& config);
  Tensor forward(Tensor x_BTC, bool causal);
  ClipAttention self_attn;
  LayerNorm layer_norm1;
  ClipMlp mlp;
  LayerNorm layer_norm2;
};
TORCH_MODULE(ClipLayer);

struct ClipEncoderImpl : torch::nn::Module {
  /// The first `count` of the configuration's layers.
  ClipEncoderImpl(const ClipLayersConfig& config, int64_t count);
  /// Through the first `depth` layers → [B, T, C].
  Tensor forward(Tensor x_BTC, bool causal, int64_t depth);
  torch::nn::ModuleList layers;
};
TORCH_MODULE(ClipEncoder);

}  // namespace showo
