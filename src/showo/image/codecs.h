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
/// `remark`: what libjpeg found wrong though every pixel could be read; empty for most files.
Image decode_jpeg(std::span<const std::byte> bytes, const std::string& name, int64_t max_pixels,
                  std::string& remark);

/// 1 to 8, of the first EXIF block that says it; 1, upright, when none does. Of any of the formats.
int exif_orientation(std::span<const std::byte> file);
Image oriented(Image image, int orientation);

/// What alpha is laid over.
enum class Ground : uint8_t { kBlack = 0, kWhite = 255 };
Image flatten(const Rgba& picture, Ground ground = Ground::kWhite);
/// read_image with alpha over another ground.
Image read_image_over(const fs::path& path, Ground ground);

}  // namespace showo
