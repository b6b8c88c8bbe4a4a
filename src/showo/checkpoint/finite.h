// Whether weights are numbers, and stay the same in another dtype.
#pragma once

#include <torch/nn/module.h>

#include <string>

#include "showo/checkpoint/safetensors.h"

namespace showo {

/// Throws Error naming the first tensor that holds a NaN or an infinity.
void check_finite(const TensorMap& tensors, const std::string& source);
void check_finite(const torch::nn::Module& module, const std::string& source);

/// The tensor in another dtype, itself where that is its own. Throws Error naming it when a number
/// would be lost: one that is out of the dtype's range or not finite; or when codes of whole
/// numbers would be taken for weights.
at::Tensor converted(const at::Tensor& tensor, at::ScalarType dtype, const std::string& name,
                     const std::string& source, at::Device device = at::kCPU);

}  // namespace showo
