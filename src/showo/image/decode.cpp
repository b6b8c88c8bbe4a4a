#include "showo/image/decode.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "showo/core/error.h"
#include "showo/image/exif.h"
#include "showo/image/image.h"
#include "showo/image/jpeg.h"
#include "showo/image/magic.h"
#include "showo/image/png.h"
#include "showo/image/webp.h"

namespace showo {
namespace {

Image decode_over(std::span<const std::byte> bytes, const std::string& name, int64_t max_pixels,
                  Ground ground, std::string& remark) {
  if (bytes.empty()) fail("{}: the file is empty", name);
  Image image = is_png(bytes)    ? flatten(decode_png(bytes, name, max_pixels), ground)
                : is_jpeg(bytes) ? decode_jpeg(bytes, name, max_pixels, remark)
                : is_webp(bytes) ? flatten(decode_webp(bytes, name, max_pixels), ground)
                                 : Image();
  if (image.rgb.empty()) refuse_format(bytes, name);
  image = oriented(std::move(image), exif_orientation(bytes));
  image.name = name;
  return image;
}

}  // namespace

int64_t pixel_limit(size_t file_bytes) {
  constexpr size_t kPixelsOfAByte = 16;
  const size_t most = 2 * kMaxPixels;
  return std::max(kMaxPixels, static_cast<int64_t>(std::min(file_bytes, most / kPixelsOfAByte) *
                                                   kPixelsOfAByte));
}

Image decode_image(std::span<const std::byte> bytes, const std::string& name, int64_t max_pixels) {
  // Of the pictures of data sets, which can be millions, what did no harm is not said.
  std::string remark;
  return decode_over(bytes, name, max_pixels, Ground::kWhite, remark);
}

Image decode_image(std::span<const std::byte> bytes, const std::string& name) {
  return decode_image(bytes, name, pixel_limit(bytes.size()));
}

Image decode_image_over(std::span<const std::byte> bytes, const std::string& name, Ground ground) {
  std::string remark;
  Image image = decode_over(bytes, name, pixel_limit(bytes.size()), ground, remark);
  if (!remark.empty())
    spdlog::warn("{}", one_line(fmt::format("{}: {}; all pixels were read", name, remark)));
  return image;
}

Image read_image(const fs::path& path) {
  const auto file = MappedFile::open(path);
  return decode_image_over(file->bytes(), path.string(), Ground::kWhite);
}

}  // namespace showo
