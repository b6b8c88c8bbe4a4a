// A story's frames: texts and pictures in turns (mixed-modality generation, paper 4.4).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "showo/image.h"

namespace showo {

struct Frame {
  std::string text;  // empty: a picture that stands for itself
  Image picture;
  std::vector<int64_t> codes;  // what the model sees of the picture
};

/// Sees every frame when it is finished; false stops the story.
using OnFrame = std::function<bool(size_t frame, const Frame&)>;

}  // namespace showo
