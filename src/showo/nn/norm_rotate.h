// QK-norm and rotary embedding in one pass: what stands between a query's (or key's) projection and
// the attention.
#pragma once

#include "showo/nn/layers.h"
#include "showo/nn/rope.h"

namespace showo {

/// The norm over D (null: none), then the rotation: x [B, T, H, D] → [B, H, T, D] of x's dtype,
/// contiguous. On CPUs and GPUs one kernel with a gradient of its own does both in fp32 and rounds
/// once; where there is none (RMS on GPUs, no norm), LibTorch's operators follow each other.
Tensor norm_rotate(const Tensor& x_BTHD, LayerNorm& norm, const Rope& rope);

}  // namespace showo
