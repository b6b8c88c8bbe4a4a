// QK-norm and rotary embedding in one pass: what stands between a query's (or key's) projection and
// the attention.
#pragma once

#include "showo/nn/attention.h"
#include "showo/nn/layers.h"

namespace showo {

/// LayerNorm over D, then the rotation: x [B, T, H, D] → [B, H, T, D] of x's dtype, contiguous. On
/// CPUs and GPUs one kernel with a gradient of its own does both in fp32 and rounds once; elsewhere
/// LibTorch's operators follow each other.
Tensor norm_rotate(const Tensor& x_BTHD, LayerNorm& norm, const Rope& rope);

}  // namespace showo
