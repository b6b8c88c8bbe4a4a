// A model as one folder, a bundle of its parts: config.json and weights, llm/ (config.json and
// tokenizer files), codec/, and clip/ where pictures are seen by a CLIP-ViT.
#pragma once

#include <memory>

#include "showo/codec/magvit.h"
#include "showo/core/files.h"
#include "showo/model/showo.h"
#include "showo/text/tokenizer.h"

namespace showo {

/// The parts of a folder, each of which may be told to lie elsewhere.
struct ModelPaths {
  fs::path model, llm, codec, clip;
  /// llm: FOLDER/llm, else what llm_model_path names inside FOLDER; codec: FOLDER/codec; clip:
  /// FOLDER/clip. Where FOLDER has no llm, a folder elsewhere (from the current one, '..' or
  /// absolute) that llm_model_path names is used, which is said. A language model's folder is its
  /// own llm. Throws Error when FOLDER is none.
  static ModelPaths in(const fs::path& folder, const fs::path& llm = {}, const fs::path& codec = {},
                       const fs::path& clip = {});
};

/// Whether a folder is a language model's, without any picture part.
bool is_language_model(const fs::path& folder);

/// How a folder's config.json says its weights are rounded, if they are. Throws Error.
std::optional<LowBits> read_low_bits(const fs::path& folder);
/// Weights in `dtype`, mapped from disk when that is the file's own; those of linear layers rounded
/// as `low_bits` says, or as the folder holds them (CPU only). Throws Error naming the file, key or
/// tensor.
Showo load_showo(const ModelPaths& paths, torch::ScalarType dtype = torch::kFloat,
                 torch::Device device = torch::kCPU, std::optional<LowBits> low_bits = {});
/// A language model alone, from a folder of Hugging Face's: the same of its weights.
Backbone load_language_model(const fs::path& folder, torch::ScalarType dtype = torch::kFloat,
                             torch::Device device = torch::kCPU,
                             std::optional<LowBits> low_bits = {});

/// The norm over heads that Show-o gives its language model (paper 3.2), where the configuration
/// names none: LayerNorm for phi as published, RMSNorm for the others. A Show-o without it
/// (`wanted` false) has none at all.
LlmConfig with_qk_norm(LlmConfig llm, bool wanted = true);

/// config.json, pytorch_model.safetensors and llm/config.json in the published layout; rounded
/// weights are named under quantization_config.
void save_showo(const fs::path& folder, Showo model);
/// The same files into a folder that is there.
void write_showo(const fs::path& folder, Showo model);

}  // namespace showo
