// Attention by plans on GPUs in training: all pieces of all rows in two calls of the fused kernel
// for sequences of different lengths, those that see all of their keys and those that are causal.
#pragma once

#include "showo/nn/attention.h"

namespace showo {

/// Whether the fused kernel takes these: on a CUDA device, in bf16 or fp16.
bool packs_on_gpu(const Tensor& q_HTD);

/// Differentiable: q [H, T, D], k and v [G, T, D] of sequences without caches → [T, H, D].
Tensor attend_packed_gpu(const Tensor& q_HTD, const Tensor& k_GTD, const Tensor& v_GTD,
                         const Sequences& sequences);

}  // namespace showo
