#include "showo/generate/tower.h"

#include "showo/core/config.h"
#include "showo/vision/clip_folder.h"

namespace showo {

ClipVisionConfig tower_config(const fs::path& clip) {
  if (!fs::is_directory(clip)) {
    fail("{}: not found; the model sees pictures by a CLIP-ViT, whose folder it must be (clip)",
         clip.string());
  }
  const std::string file = (clip / "config.json").string();
  return clip_vision_config_from_json(read_json(file), file);
}

ClipVision load_tower(const fs::path& clip, const Showo& model, torch::ScalarType dtype) {
  const int64_t width = tower_config(clip).hidden_size, wanted = model->config.feature_width;
  if (width != wanted) {
    fail("{}: hidden_size is {}, the model's mm_projector takes {}",
         (clip / "config.json").string(), width, wanted);
  }
  return load_clip_vision(clip, dtype, model->device());
}

}  // namespace showo
