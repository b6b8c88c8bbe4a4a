// CLIP as a folder in transformers' layout: config.json, weights under any of their published names
// and, where it is there, preprocessor_config.json.
#pragma once

#include "showo/core/files.h"
#include "showo/vision/clip.h"

namespace showo {

/// The tower that makes features, from a folder of a whole CLIPModel or of a CLIPVisionModel, whose
/// tensors' names may lack "vision_model." in front. Weights in `dtype`, mapped from disk when that
/// is the file's own; what features do not need is not read. Frozen: nothing requires gradients.
/// Throws Error naming the file, key or tensor, and both numbers where config.json and weights
/// disagree.
ClipVision load_clip_vision(const fs::path& folder, torch::ScalarType dtype = torch::kFloat,
                            torch::Device device = torch::kCPU);

/// Both towers, from a folder of a whole CLIPModel. Throws Error as load_clip_vision does.
Clip load_clip(const fs::path& folder, torch::ScalarType dtype = torch::kFloat,
               torch::Device device = torch::kCPU);
/// config.json, model.safetensors and preprocessor_config.json into a folder that is there, as
/// transformers' CLIPModel reads them.
void write_clip(const fs::path& folder, Clip clip);

}  // namespace showo
