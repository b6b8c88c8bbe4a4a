// phi-1.5 (arXiv 2309.05463) with Show-o's one change: a LayerNorm over each head's query and key
// (paper 3.2). Members are named by their checkpoint keys. B rows, T tokens, C width, H heads, D
// head size, V vocabulary.
#pragma once

#include <torch/torch.h>

#include <array>

#include "showo/model/config.h"
#include "showo/nn/attention.h"
#include "showo/nn/layers.h"

namespace showo {

struct PhiAttentionImpl : torch::nn::Module {
  explicit PhiAttentionImpl(const LlmConfig& config);
  Tensor forward(const Tensor& x_BTC, const Rope& rope, const Sequences& sequences, int64_t layer);
  /// Puts the weights of q_proj, k_proj and v_proj side by side in memory, of which they then are
  /// parts, so that one product makes all three: on a GPU three small ones leave half of it idle.
  /// For inference; weights that are moved later are multiplied one by one again.
  void join_projections();
  int64_t heads;
  Linear q_proj, k_proj, v_proj, dense;
  LayerNorm q_layernorm, k_layernorm;

 private:
  std::array<Tensor, 3> project(const Tensor& x_BTC);
  Tensor joined_weight_, joined_bias_;
};
TORCH_MODULE(PhiAttention);

struct PhiMlpImpl : torch::nn::Module {
  explicit PhiMlpImpl(const LlmConfig& config);
  Tensor forward(const Tensor& x_BTC);
  Linear fc1, fc2;
};
TORCH_MODULE(PhiMlp);

/// Attention and MLP side by side after one LayerNorm.
struct PhiLayerImpl : torch::nn::Module {
  explicit PhiLayerImpl(const LlmConfig& config);
  Tensor forward(const Tensor& x_BTC, const Rope& rope, const Sequences& sequences, int64_t layer);
  LayerNorm input_layernorm;
  PhiAttention self_attn;
  PhiMlp mlp;
};
TORCH_MODULE(PhiLayer);

struct PhiModelImpl : torch::nn::Module {
  PhiModelImpl(const LlmConfig& config, int64_t vocab_size);
  /// Embeddings [B, T, C] at positions [B, T] → hidden states [B, T, C] after the last norm.
  /// `sequences` lie side by side in T: one, or several of B = 1.
  Tensor forward(Tensor x_BTC, const Tensor& positions_BT, const Sequences& sequences);
  LlmConfig config;
  bool recompute_layers = false;  // in training: less memory, a third more time
  Embedding embed_tokens;
  torch::nn::ModuleList layers;
  LayerNorm final_layernorm;
};
TORCH_MODULE(PhiModel);

struct PhiForCausalLMImpl : torch::nn::Module {
  PhiForCausalLMImpl(const LlmConfig& config, int64_t vocab_size);
  PhiModel model;
  Linear lm_head;
};
TORCH_MODULE(PhiForCausalLM);

}  // namespace showo
