// A model as one folder: config.json and weights, llm/ (config.json and tokenizer files), codec/.
#pragma once

#include <memory>

#include "showo/codec/magvit.h"
#include "showo/core/files.h"
#include "showo/model/showo.h"
#include "showo/text/tokenizer.h"

namespace showo {

/// The parts of a folder, each of which may be told to lie elsewhere.
struct ModelPaths {
  fs::path model, llm, codec;
  /// llm: FOLDER/llm, else what llm_model_path names inside FOLDER; codec: FOLDER/codec. Where
  /// FOLDER has neither, a folder elsewhere (from the current one, '..' or absolute) that
  /// llm_model_path names is used, which is said. Throws Error when FOLDER is none.
  static ModelPaths in(const fs::path& folder, const fs::path& llm = {},
                       const fs::path& codec = {});
};

/// How a folder's config.json says its weights are rounded, if they are. Throws Error.
std::optional<LowBits> read_low_bits(const fs::path& folder);
/// Weights in `dtype`, mapped from disk when that is the file's own; those of linear layers rounded
/// as `low_bits` says, or as the folder holds them (CPU only). Throws Error naming the file, key or
/// tensor.
Showo load_showo(const ModelPaths& paths, torch::ScalarType dtype = torch::kFloat,
                 torch::Device device = torch::kCPU, std::optional<LowBits> low_bits = {});
/// config.json, pytorch_model.safetensors and llm/config.json in the published layout; rounded weights are
/// named under quantization_config.
void save_showo(const fs::path& folder, Showo model);
/// The same files into a folder that is there.
void write_showo(const fs::path& folder, Showo model);

}  // namespace showo
