// Weights of a run that goes on: put into the tensors that optimizer and averages already hold, so
// that these keep following them.
#pragma once

#include "showo/checkpoint/load.h"

namespace showo {

/// Copies each of the module's tensors from `state`. Throws Error naming `source` and the tensor
/// that is missing or has another shape.
void restore(torch::nn::Module& module, const TensorMap& state, const std::string& source);

/// Every name with the prefix before it; and those names that start with it, without it.
TensorMap with_prefix(const std::string& prefix, const TensorMap& state);
TensorMap without_prefix(const std::string& prefix, const TensorMap& state);

/// Convolutions on CPUs are fastest with the channels innermost.
void use_channels_last(torch::nn::Module& module);

}  // namespace showo
