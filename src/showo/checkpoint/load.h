// From files to modules: the published layouts of a weights folder, and strict loading.
#pragma once

#include <torch/nn/module.h>

#include <functional>
#include <string>
#include <vector>

#include "showo/checkpoint/safetensors.h"

namespace showo {

/// A torch.save file (.bin): a zip archive with a pickle inside, read by a machine that knows
/// tensors and plain containers and refuses everything else by name; nothing is ever executed.
/// Tensors alias the mapped file.
TensorMap read_torch_bin(const fs::path& path);

/// A weights file, or a folder with model.safetensors, diffusion_pytorch_model.safetensors,
/// pytorch_model.bin or the sharded forms of these (*.index.json). Throws Error listing what was
/// looked for.
TensorMap read_weights(const fs::path& file_or_folder);

/// Gives every parameter and buffer its tensor, without a copy where dtype and device agree. Throws
/// one Error that lists all missing, unexpected and wrongly shaped tensors. Names that start with
/// an ignored prefix may be there. Move the tensors in, and a conversion holds one of them twice at
/// a time.
void load_strict(torch::nn::Module& module, TensorMap tensors, const std::string& source,
                 const std::vector<std::string>& ignored_prefixes = {});

/// Throws Error naming the first tensor that holds a NaN or an infinity.
void check_finite(const TensorMap& tensors, const std::string& source);
void check_finite(const torch::nn::Module& module, const std::string& source);

/// Named parameters and buffers; the tensors are the module's own.
TensorMap state_of(const torch::nn::Module& module);

}  // namespace showo
