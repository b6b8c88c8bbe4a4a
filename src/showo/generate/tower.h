// The CLIP-ViT of a model that sees pictures by one (Show-o‡), as its folder has it.
#pragma once

#include "showo/core/files.h"
#include "showo/model/showo.h"
#include "showo/vision/clip_vision.h"

namespace showo {

/// Its dimensions, from config.json. Throws Error naming the folder when there is none.
ClipVisionConfig tower_config(const fs::path& clip);

/// The tower for the model's device. Throws Error naming files and numbers when it is missing or
/// its features do not fit the model.
ClipVision load_tower(const fs::path& clip, const Showo& model, torch::ScalarType dtype);

}  // namespace showo
