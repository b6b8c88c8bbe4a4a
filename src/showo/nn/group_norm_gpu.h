// GroupNorm on a GPU for pictures whose channels lie innermost, with swish if it follows. LibTorch
// has it for the plain layout alone, and measures each group by one block: at batch 1 most of the
// GPU waits. Private to this folder.
#pragma once

#include "showo/core/torch.h"

namespace showo {

/// Whether the kernels can take x [B, C, H, W] in `groups` groups: on a GPU, channels innermost,
/// of a count that divides 256 or that 256 divides, at most 2,048.
bool group_norm_takes_gpu(const torch::Tensor& x_BCHW, int64_t groups);

/// weight and bias [C] of x's dtype or fp32; sums in fp32. Without gradient.
torch::Tensor group_norm_gpu(const torch::Tensor& x_BCHW, int64_t groups,
                             const torch::Tensor& weight, const torch::Tensor& bias, double eps,
                             bool swish);

}  // namespace showo
