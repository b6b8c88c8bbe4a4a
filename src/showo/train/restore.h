// What a run goes on from: put into the tensors that it already holds, so that optimizer and
// averages keep following the weights.
#pragma once

#include "showo/checkpoint/safetensors.h"

namespace showo {

/// Copies each target from the tensor of its name in `state`. Throws Error naming `source` and the
/// tensor that is missing, has another shape or holds a value that is not finite.
void restore(const TensorMap& targets, const TensorMap& state, const std::string& source);
/// The same of all tensors of a module.
void restore(torch::nn::Module& module, const TensorMap& state, const std::string& source);

/// Every name with the prefix before it; and those names that start with it, without it.
TensorMap with_prefix(const std::string& prefix, const TensorMap& state);
TensorMap without_prefix(const std::string& prefix, const TensorMap& state);

}  // namespace showo
