// Attention on GPUs by the fused kernel for sequences of different lengths. In training all pieces
// of all rows are two calls of it, those that see all of their keys and those that are causal; the
// next tokens of many texts are one.
#pragma once

#include "showo/nn/attention.h"

namespace showo {

/// Whether the fused kernel takes these: on a CUDA device, in bf16 or fp16.
bool packs_on_gpu(const Tensor& q_HTD);

/// Differentiable: q [H, T, D], k and v [G, T, D] of sequences without caches → [T, H, D].
Tensor attend_packed_gpu(const Tensor& q_HTD, const Tensor& k_GTD, const Tensor& v_GTD,
                         const Sequences& sequences);

/// softmax(q·kᵀ/√D)·v of one query each of N sequences, without gradients: q [H, N, D]; the n-th
/// sees `seen[n]` → [N, H, D]. `packed` keeps for the other layers where each one's keys begin.
Tensor attend_next_gpu(const Tensor& q_HND, const std::vector<KeyRuns>& seen,
                       std::shared_ptr<const PackedPieces>& packed);

}  // namespace showo
