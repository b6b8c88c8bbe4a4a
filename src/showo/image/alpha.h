// Pictures with an alpha channel, and what they look like over a ground.
#pragma once

#include <cstdint>
#include <vector>

#include "showo/image/image.h"

namespace showo {

/// Row-major 8-bit RGBA, not premultiplied.
struct Rgba {
  int width = 0, height = 0;
  std::vector<uint8_t> rgba;
};

/// What alpha is laid over.
enum class Ground : uint8_t { kBlack = 0, kWhite = 255 };
/// The picture laid over a plain ground.
Image flatten(const Rgba& picture, Ground ground = Ground::kWhite);

}  // namespace showo
