// How large a picture may be, and what messages call it.
#pragma once

#include <cstdint>
#include <string>

#include "showo/image.h"

namespace showo {

/// For messages: "scene.png: the mask is 8×6", in the file's own width and height.
std::string describe(const Image& image, const char* what = "picture");

/// Of any picture, unless a file has reason to hold more (decode.h).
constexpr int64_t kMaxPixels = 64'000'000;
/// Throws Error unless 1 ≤ width·height ≤ max_pixels.
void check_pixels(int64_t width, int64_t height, const std::string& name, int64_t max_pixels);

}  // namespace showo
