// What the decoders of the three formats share; private to this folder and to readers of icons that
// need the alpha.
#pragma once

#include "showo/image/image.h"

namespace showo {

/// Row-major 8-bit RGBA, not premultiplied.
struct Rgba {
  int width = 0, height = 0;
  std::vector<uint8_t> rgba;
};

bool is_png(std::span<const std::byte> bytes);
bool is_jpeg(std::span<const std::byte> bytes);
bool is_webp(std::span<const std::byte> bytes);

/// Throws Error unless 1 ≤ width·height ≤ max_pixels.
void check_pixels(int64_t width, int64_t height, const std::string& name, int64_t max_pixels);

Rgba decode_png(std::span<const std::byte> bytes, const std::string& name,
                int64_t max_pixels = kMaxPixels);
Rgba decode_webp(std::span<const std::byte> bytes, const std::string& name,
                 int64_t max_pixels = kMaxPixels);
/// With its EXIF orientation applied.
Image decode_jpeg(std::span<const std::byte> bytes, const std::string& name,
                  int64_t max_pixels = kMaxPixels);

/// Over white.
Image flatten(const Rgba& picture);

}  // namespace showo
