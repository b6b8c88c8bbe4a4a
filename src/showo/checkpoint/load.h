// From files to modules and back: strict loading, and the tensors of a module by name.
#pragma once

#include <torch/nn/module.h>

#include <string>
#include <vector>

#include "showo/checkpoint/safetensors.h"

namespace showo {

/// Gives every parameter and buffer its tensor, without a copy where dtype and device agree. Throws
/// one Error that sums up all missing, unexpected and wrongly shaped tensors, or, where only a
/// prefix of all names is wrong, names that. Tensors whose names start with an ignored prefix are
/// passed over. Move the map in, and a conversion holds only one tensor twice at a time.
void load_strict(torch::nn::Module& module, TensorMap tensors, const std::string& source,
                 const std::vector<std::string>& ignored_prefixes = {});

/// Named parameters and buffers; the tensors are the module's own.
TensorMap state_of(const torch::nn::Module& module);

}  // namespace showo
