// A codec's folder: config.json and weights in the published layout.
#pragma once

#include "showo/codec/magvit.h"
#include "showo/core/files.h"

namespace showo {

/// Opens a codec's folder (config.json and weights), mapped where the file's dtype is the wanted
/// one. Throws Error naming the file, key or tensor.
Magvit load_codec(const fs::path& folder, torch::ScalarType dtype = torch::kFloat,
                  torch::Device device = torch::kCPU);
/// Writes config.json and pytorch_model.safetensors in the published layout, with the quantizer's
/// tables: the reference loads what has the published shape. The folder appears whole or not at
/// all.
void save_codec(const fs::path& folder, Magvit codec);

}  // namespace showo
