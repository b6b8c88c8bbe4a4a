// norm_rotate's kernels on a GPU: a warp a head, all in fp32, rounded once. Private to this folder.
#pragma once

#include "showo/nn/norm_rotate.h"

namespace showo {

/// Whether the kernels can take x: on a GPU, heads of at most 256 elements.
bool takes_gpu(const Tensor& x_BTHD);

/// x [B, T, H, D], LayerNorm's weight and bias [D] in fp32 or x's dtype, cos and sin [B or 1, 1, T,
/// R] in fp32 and contiguous → [B, H, T, D] of x's dtype.
Tensor norm_rotate_gpu(const Tensor& x_BTHD, const Tensor& weight, const Tensor& bias,
                       const Tensor& cos, const Tensor& sin, double eps);

struct NormRotateGradients {
  Tensor x_BTHD, weight, bias;
};
/// `grad` [B, H, T, D], contiguous, of x's dtype; x contiguous.
NormRotateGradients norm_rotate_gpu_backward(const Tensor& grad_BHTD, const Tensor& x_BTHD,
                                             const Tensor& weight, const Tensor& cos,
                                             const Tensor& sin, double eps);

}  // namespace showo
