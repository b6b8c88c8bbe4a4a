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
  /// llm: FOLDER/llm, or llm_model_path where that exists; codec: FOLDER/codec. Throws Error when
  /// FOLDER is none.
  static ModelPaths in(const fs::path& folder, const fs::path& llm = {},
                       const fs::path& codec = {});
};

/// Weights in `dtype`, mapped from disk when that is the file's own. Throws Error naming the file,
/// key or tensor.
Showo load_showo(const ModelPaths& paths, torch::ScalarType dtype = torch::kFloat,
                 torch::Device device = torch::kCPU);
/// config.json, model.safetensors and llm/config.json in the published layout.
void save_showo(const fs::path& folder, Showo model);

}  // namespace showo
