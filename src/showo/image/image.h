// Pictures as files and as tensors. Decoding goes by content, never by name; sizes are checked
// before anything is allocated; whatever a file holds (grey, palette, 16-bit, CMYK, alpha) becomes
// 8-bit RGB, alpha over white.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "showo/core/files.h"

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

constexpr int64_t kMaxPixels = 64'000'000;
/// The limit for a file of so many bytes: kMaxPixels, or up to twice that of a large photo, which
/// has a byte for 16 pixels at least.
int64_t pixel_limit(size_t file_bytes);

using PngText = std::map<std::string, std::string>;

/// PNG, JPEG or WebP. Throws Error naming `name` for anything corrupt, unknown or above
/// `max_pixels`.
Image decode_image(std::span<const std::byte> bytes, const std::string& name, int64_t max_pixels);
/// With pixel_limit of the bytes.
Image decode_image(std::span<const std::byte> bytes, const std::string& name);
Image read_image(const fs::path& path);

/// `text` becomes iTXt chunks (UTF-8). `level` is zlib's, 0 to 9.
std::string encode_png(const Image& image, const PngText& text = {}, int level = 6);
/// Atomic; throws Error naming the path.
void write_png(const fs::path& path, const Image& image, const PngText& text = {});
/// The text chunks of a PNG file; throws Error when it is no PNG, when one is damaged, and when
/// they are more than 1000 or, uncompressed, above 16 MiB.
PngText read_png_text(const fs::path& path);

/// float [3, H, W] in [−1, 1] → pixels, clamped and rounded.
Image to_image(const at::Tensor& chw);
/// Pixels → float [3, H, W] in [−1, 1].
at::Tensor to_tensor(const Image& image);

}  // namespace showo
