// Attention by matrix products on CPUs, a few heads at a time, so that their scores stay in the
// processor's cache; for the gradient they are computed again instead of being kept. In bf16
// LibTorch's fused kernel takes 2.4 times as long for a picture's step and for the backward of
// training; its memory is the same: no scores are kept. Scores are rounded to the inputs' type.
#pragma once

#include "showo/nn/attend_cpu.h"

namespace showo {

/// q [B, H, T, D], k and v [B, G, S, D]; `bias` [T, S] of their type is added to the scores (0, or
/// −∞ where a query must not see a key) and may be undefined → [B, H, T, D]. No autograd.
Tensor attend_products(const Tensor& q_BHTD, const Tensor& k_BGSD, const Tensor& v_BGSD,
                       const Tensor& bias_TS);

AttentionGradients attend_products_backward(const Tensor& grad_BHTD, const Tensor& q_BHTD,
                                            const Tensor& k_BGSD, const Tensor& v_BGSD,
                                            const Tensor& bias_TS);

/// By LibTorch's operators, with their gradient, which keeps the scores: `allowed` bool, to be
/// expanded to [B, H, T, S].
Tensor attend_products_masked(const Tensor& q_BHTD, const Tensor& k_BHSD, const Tensor& v_BHSD,
                              const Tensor& allowed);

/// [queries, keys]: what a causal query must not see, where the queries are the last of the keys.
Tensor causal_bias(int64_t queries, int64_t keys, const at::TensorOptions& options);

}  // namespace showo
