// A picture in memory, read from and written to files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
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

/// PNG, JPEG or WebP, whatever they hold (grey, palette, 16-bit, CMYK), turned as their EXIF says;
/// what it is, is told by its content, never by its name, and alpha is laid over white. Throws
/// Error naming the file for anything corrupt, unknown or too large.
Image read_image(const std::filesystem::path& path);
/// The same of a file's bytes; errors name it `name`.
Image decode_image(std::span<const std::byte> bytes, const std::string& name);
/// A mask of inpainting, grey: its luminance (ITU-R 601, as Pillow and so the published code read
/// it), alpha laid over black, for what is transparent is not marked. `inverted`: black and
/// transparent regenerate instead. Throws Error as read_image does.
Image read_mask(const std::filesystem::path& path, bool inverted = false);

/// What of a mask is drawn anew: what is white, as here; what is black; or what is transparent, as
/// OpenAI's interface has it.
enum class Marked { kWhite, kBlack, kTransparent };
/// A file's bytes as a mask whose white part is drawn anew.
Image decode_mask(std::span<const std::byte> bytes, const std::string& name,
                  Marked marked = Marked::kWhite);

/// Texts inside a PNG file, by keyword.
using PngText = std::map<std::string, std::string>;
/// A PNG file's bytes; `text` in UTF-8. `level` is zlib's, 0 to 9.
std::string encode_png(const Image& image, const PngText& text = {}, int level = 6);
/// JPEG and WebP files' bytes; `quality` 0 to 100.
std::string encode_jpeg(const Image& image, int quality = 90);
std::string encode_webp(const Image& image, int quality = 90);
/// Whole or not at all; throws Error naming the path.
void write_png(const std::filesystem::path& path, const Image& image, const PngText& text = {});

}  // namespace showo
