// One piece of attention on CPUs, with its gradient: by LibTorch's fused kernel, or by products
// where those are faster (attend_products.h). Neither keeps the scores.
#pragma once

#include "showo/core/torch.h"

namespace showo {

using torch::Tensor;

struct Attended {
  Tensor out_BHTD;
  Tensor sums;  // what the fused kernel's gradient needs besides; else undefined
};

/// q [B, H, T, D], k and v [B, G, S, D]; causal: the queries are the last of the keys. No autograd.
Attended attend_cpu(const Tensor& q_BHTD, const Tensor& k_BGSD, const Tensor& v_BGSD, bool causal);

struct AttentionGradients {
  Tensor q_BHTD, k_BGSD, v_BGSD;
};
AttentionGradients attend_cpu_backward(const Tensor& grad_BHTD, const Attended& attended,
                                       const Tensor& q_BHTD, const Tensor& k_BGSD,
                                       const Tensor& v_BGSD, bool causal);

/// Whether products are the faster way on this CPU: bf16, where it multiplies that.
bool by_products(const Tensor& q_BHTD);

/// k or v [B, G, S, D] for H heads: each head of them serves its neighbours.
Tensor for_heads(const Tensor& x_BGSD, int64_t heads);

}  // namespace showo
