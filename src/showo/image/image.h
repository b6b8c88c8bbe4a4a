// A picture in memory, and how large one may be.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace showo {

/// Row-major 8-bit RGB, width·height·3 bytes.
struct Image {
  int width = 0, height = 0;
  std::vector<uint8_t> rgb;
  // Of a picture as it was read: its file, and whether the EXIF orientation swapped the file's
  // width and height. Messages name it by these; what is computed from it has neither.
  std::string name = {};
  bool turned = false;

  Image() = default;
  Image(int width, int height, uint8_t value = 0)
      : width(width), height(height), rgb(static_cast<size_t>(width) * height * 3, value) {}
  uint8_t* pixel(int x, int y) { return rgb.data() + (static_cast<size_t>(y) * width + x) * 3; }
  const uint8_t* pixel(int x, int y) const {
    return rgb.data() + (static_cast<size_t>(y) * width + x) * 3;
  }
  bool operator==(const Image& other) const {
    return width == other.width && height == other.height && rgb == other.rgb;
  }
};

/// For messages: "scene.png: the mask is 8×6", in the file's own width and height.
std::string describe(const Image& image, const char* what = "picture");

/// Of any picture, unless a file has reason to hold more (decode.h).
constexpr int64_t kMaxPixels = 64'000'000;
/// Throws Error unless 1 ≤ width·height ≤ max_pixels.
void check_pixels(int64_t width, int64_t height, const std::string& name, int64_t max_pixels);

}  // namespace showo
