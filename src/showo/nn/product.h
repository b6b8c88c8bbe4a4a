// y = x·Wᵀ + b on CPUs by LibTorch's oneDNN, which at::linear asks for bf16 alone: on CPUs other
// than Intel's it multiplies fp32 twice as fast as the library at::linear takes, and it can apply
// gelu to a result before that is written.
#pragma once

#include "showo/core/torch.h"

namespace showo {

using torch::Tensor;

enum class Activation { kNone, kGelu };  // gelu by its approximation with tanh, as phi has it

/// x [..., in], weight [out, in], bias [out] or undefined → [..., out]. Differentiable, unless a
/// result with gelu is needed with gradients: then gelu is a step of its own.
Tensor product(const Tensor& x, const Tensor& weight, const Tensor& bias,
               Activation activation = Activation::kNone);

}  // namespace showo
