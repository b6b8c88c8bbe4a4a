// Which files of a folder hold its weights: the names that the reference, transformers and
// diffusers give them, else the only file that can hold any.
#pragma once

#include <string>
#include <vector>

#include "showo/checkpoint/safetensors.h"

namespace showo {

/// The name under which weights are saved: the one that the reference looks for first.
inline constexpr const char* kWeightsFile = "pytorch_model.safetensors";

/// Whether a file of this name holds weights or says where they are.
bool holds_weights(const std::string& file_name);

/// The names of the files that read_weights reads in a folder: one, or an index and its shards.
/// Throws Error as it does.
std::vector<std::string> weights_files(const fs::path& folder);

/// A weights file, or a folder with one: pytorch_model, model or diffusion_pytorch_model, as
/// .safetensors or .bin, whole, sharded (*.index.json) or a variant (model.fp16.safetensors); else
/// the only file that may hold weights. What DataParallel, torch.compile and their kin put into
/// the names of tensors is left out. Throws Error listing what was found.
TensorMap read_weights(const fs::path& file_or_folder);

}  // namespace showo
