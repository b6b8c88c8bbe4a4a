#include "showo/image/exif.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "showo/image/magic.h"

namespace showo {
namespace {

constexpr std::string_view kExif("Exif\0\0", 6);

// 0 where the bytes end earlier.
uint32_t number_at(std::string_view bytes, size_t at, int count, bool little) {
  uint32_t value = 0;
  if (at + count > bytes.size()) return 0;
  for (int i = 0; i < count; ++i) {
    value |= static_cast<uint32_t>(static_cast<uint8_t>(bytes[at + i]))
             << 8 * (little ? i : count - 1 - i);
  }
  return value;
}

// The orientation tag (0x0112) of an EXIF block; 0 when it has none. JPEGs, and some writers of
// WebP, put "Exif" before it.
int orientation_in(std::string_view block) {
  if (block.starts_with(kExif)) block.remove_prefix(kExif.size());
  const bool little = block.substr(0, 2) == "II";
  const size_t directory = number_at(block, 4, 4, little);
  for (uint32_t i = 0, count = number_at(block, directory, 2, little); i < count; ++i) {
    const size_t entry = directory + 2 + 12 * i;
    if (entry + 12 > block.size()) break;
    if (number_at(block, entry, 2, little) == 0x0112)
      return static_cast<int>(number_at(block, entry + 8, 2, little));
  }
  return 0;
}

// libjpeg could keep the blocks, in a list that it walks to the end for each.
int orientation_of_jpeg(std::string_view file) {
  constexpr uint8_t kStartOfScan = 0xda, kApp1 = 0xe1;
  for (size_t at = 2; at + 4 <= file.size();) {
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(file[i]); };
    if (byte(at) != 0xff || byte(at + 1) == kStartOfScan) break;
    if (byte(at + 1) == 0xff) {  // padding
      ++at;
      continue;
    }
    const size_t length = number_at(file, at + 2, 2, /*little=*/false);
    if (byte(at + 1) == kApp1) {
      const auto data = file.substr(at + 4, std::max<size_t>(length, 2) - 2);
      const int found = data.starts_with(kExif) ? orientation_in(data) : 0;
      if (found != 0) return found;
    }
    at += 2 + length;
  }
  return 0;
}

int orientation_of_png(std::string_view file) {
  for (size_t at = 8; at + 12 <= file.size();) {
    const size_t length = number_at(file, at, 4, /*little=*/false);
    const auto type = file.substr(at + 4, 4);
    if (type == "eXIf") return orientation_in(file.substr(at + 8, length));
    if (type == "IEND") break;
    at += 12 + length;
  }
  return 0;
}

int orientation_of_webp(std::string_view file) {
  for (size_t at = 12; at + 8 <= file.size();) {
    const size_t length = number_at(file, at + 4, 4, /*little=*/true);
    if (file.substr(at, 4) == "EXIF") return orientation_in(file.substr(at + 8, length));
    at += 8 + length + length % 2;
  }
  return 0;
}

}  // namespace

int exif_orientation(std::span<const std::byte> bytes) {
  const std::string_view file(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const int found = is_jpeg(bytes)   ? orientation_of_jpeg(file)
                    : is_png(bytes)  ? orientation_of_png(file)
                    : is_webp(bytes) ? orientation_of_webp(file)
                                     : 0;
  return found >= 1 && found <= 8 ? found : 1;
}

Image oriented(Image image, int orientation) {
  if (orientation < 2 || orientation > 8) return image;
  const bool swapped = orientation >= 5;
  Image result(swapped ? image.height : image.width, swapped ? image.width : image.height);
  for (int y = 0; y < result.height; ++y) {
    for (int x = 0; x < result.width; ++x) {
      int sx = swapped ? y : x, sy = swapped ? x : y;
      if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8)
        sx = image.width - 1 - sx;
      if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7)
        sy = image.height - 1 - sy;
      std::memcpy(result.pixel(x, y), image.pixel(sx, sy), 3);
    }
  }
  result.turned = swapped;
  return result;
}

}  // namespace showo
