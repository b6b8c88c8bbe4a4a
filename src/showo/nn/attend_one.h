// Attention of a single query on CPUs: what every token of an answer costs beside its products.
// LibTorch's kernel multiplies it as a matrix of one row, at a third of the memory's speed.
#pragma once

#include <ATen/core/Tensor.h>

namespace showo {

/// Whether attend_one takes these: on the CPU, float or bfloat16, without gradients, one query,
/// heads of a multiple of 16.
bool takes_one(const at::Tensor& q_BHTD);

/// softmax(q·kᵀ/√D)·v for q [B, H, 1, D] and k, v [B, G, S, D] of any strides with D dense, H a
/// multiple of G, summed in fp32 → [B, H, 1, D] in q's dtype.
at::Tensor attend_one(const at::Tensor& q_BH1D, const at::Tensor& k_BGSD, const at::Tensor& v_BGSD);

}  // namespace showo
