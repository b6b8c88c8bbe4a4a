// Attention of single queries on CPUs: what every token of an answer costs beside its products.
// LibTorch's kernel multiplies one as a matrix of one row, at a third of the memory's speed, and
// wants all keys in one piece.
#pragma once

#include "showo/nn/key_runs.h"

namespace showo {

/// Whether attend_one takes these: on the CPU, float or bfloat16, without gradients, one query,
/// heads of a multiple of 16.
bool takes_one(const at::Tensor& q_BHTD);

/// softmax(q·kᵀ/√D)·v of one query each of N sequences, summed in fp32: q [H, N, D]; the n-th sees
/// `seen[n]`, whose keys and values have G heads, H a multiple of G, and any strides with D dense
/// → [N, H, D] in q's dtype.
at::Tensor attend_one(const at::Tensor& q_HND, const std::vector<KeyRuns>& seen);
/// The same of one query each row, q [B, H, 1, D], k and v [B, G, S, D] → [B, H, 1, D].
at::Tensor attend_one(const at::Tensor& q_BH1D, const at::Tensor& k_BGSD, const at::Tensor& v_BGSD);

}  // namespace showo
