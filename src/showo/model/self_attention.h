// Self-attention as the language models here have it: queries, keys and values, a norm over each
// head's query and key (paper 3.2: QK-norm), rotary positions, attention by a plan. T tokens, P of
// them wanted, C width, H heads, G of keys and values, D head size.
#pragma once

#include <array>
#include <string>

#include "showo/core/torch.h"
#include "showo/model/config.h"
#include "showo/nn/attention.h"
#include "showo/nn/layers.h"
#include "showo/nn/rope.h"
#include "showo/nn/wanted.h"

namespace showo {

/// In what families differ: the keys of their checkpoints, and biases.
struct AttentionForm {
  std::string out = "o_proj", q_norm = "q_layernorm", k_norm = "k_layernorm";
  bool qkv_bias = false, out_bias = false;
  double norm_eps = 1e-5;
};

struct SelfAttentionImpl : torch::nn::Module {
  /// Whether heads have a norm, and which, is config.qk_norm (layer, rms or none).
  SelfAttentionImpl(const LlmConfig& config, const AttentionForm& form);
  /// [T, C] → [P, C] of the wanted tokens.
  Tensor forward(const Tensor& x_TC, const Rope& rope, const Sequences& sequences, int64_t layer,
                 const Wanted& wanted);
  /// Puts the weights of q_proj, k_proj and v_proj side by side in memory, of which they then are
  /// parts, so that one product makes all three: on a GPU three small ones leave half of it idle.
  /// For inference; weights that are moved later are multiplied one by one again.
  void join_projections();
  int64_t heads, key_heads;
  Linear q_proj{nullptr}, k_proj{nullptr}, v_proj{nullptr}, out{nullptr};
  LayerNorm q_norm{nullptr}, k_norm{nullptr};

 private:
  std::array<Tensor, 3> project(const Tensor& x_TC);
  Tensor joined_weight_, joined_bias_;
};
TORCH_MODULE(SelfAttention);

}  // namespace showo
