#include <spdlog/spdlog.h>
#include <webp/decode.h>

#include <algorithm>
#include <cstring>

#include "showo/core/error.h"
#include "showo/image/codecs.h"

namespace showo {
namespace {

bool starts_with(std::span<const std::byte> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

}  // namespace

bool is_png(std::span<const std::byte> bytes) { return starts_with(bytes, "\x89PNG\r\n\x1a\n"); }
bool is_jpeg(std::span<const std::byte> bytes) { return starts_with(bytes, "\xff\xd8\xff"); }
bool is_webp(std::span<const std::byte> bytes) {
  return starts_with(bytes, "RIFF") && bytes.size() >= 12 &&
         std::memcmp(bytes.data() + 8, "WEBP", 4) == 0;
}

namespace {

// Throws Error: what the file is instead, as far as its first bytes tell.
[[noreturn]] void refuse_format(std::span<const std::byte> bytes, const std::string& name) {
  using namespace std::string_view_literals;
  struct Format {
    size_t at;
    std::string_view magic;
    const char* kind;
  };
  constexpr Format kFormats[] = {{0, "GIF8"sv, "GIF"},          {0, "BM"sv, "BMP"},
                                 {0, "II*\0"sv, "TIFF"},        {0, "MM\0*"sv, "TIFF"},
                                 {4, "ftypavif"sv, "AVIF"},     {4, "ftypavis"sv, "AVIF"},
                                 {4, "ftyphei"sv, "HEIF"},      {4, "ftypmif1"sv, "HEIF"},
                                 {0, "\xff\x0a"sv, "JPEG XL"},  {4, "JXL \r\n"sv, "JPEG XL"},
                                 {4, "jP  \r\n"sv, "JPEG 2000"}};
  for (const auto& [at, magic, kind] : kFormats) {
    if (bytes.size() > at && starts_with(bytes.subspan(at), magic))
      fail("{}: a {} picture, expected PNG, JPEG or WebP", name, kind);
  }
  fail("{}: not a PNG, JPEG or WebP picture", name);
}

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

void check_pixels(int64_t width, int64_t height, const std::string& name, int64_t max_pixels) {
  if (width < 1 || height < 1) fail("{}: the picture is {}×{} pixels", name, width, height);
  if (width > max_pixels / height) {
    fail("{}: the picture is {}×{} pixels, more than the limit of {} in all", name, width, height,
         max_pixels);
  }
}

Rgba decode_webp(std::span<const std::byte> bytes, const std::string& name, int64_t max_pixels) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data, bytes.size(), &features) != VP8_STATUS_OK)
    fail("{}: not a readable WebP", name);
  if (features.has_animation) fail("{}: an animated WebP; expected a single picture", name);
  check_pixels(features.width, features.height, name, max_pixels);
  Rgba image{features.width, features.height, {}};
  image.rgba.resize(static_cast<size_t>(image.width) * image.height * 4);
  if (!WebPDecodeRGBAInto(data, bytes.size(), image.rgba.data(), image.rgba.size(),
                          image.width * 4)) {
    fail("{}: not a readable WebP: corrupt or truncated", name);
  }
  return image;
}

Image flatten(const Rgba& picture, Ground ground) {
  const int behind = static_cast<int>(ground);
  Image image(picture.width, picture.height);
  for (size_t i = 0; i < image.rgb.size() / 3; ++i) {
    const uint8_t* from = picture.rgba.data() + 4 * i;
    for (int c = 0; c < 3; ++c) {
      image.rgb[3 * i + c] =
          static_cast<uint8_t>((from[c] * from[3] + behind * (255 - from[3]) + 127) / 255);
    }
  }
  return image;
}

std::string describe(const Image& image, const char* what) {
  const auto [width, height] =
      image.turned ? std::pair(image.height, image.width) : std::pair(image.width, image.height);
  return fmt::format("{}{}the {} is {}×{}{}", image.name, image.name.empty() ? "" : ": ", what,
                     width, height, image.turned ? ", turned by its EXIF orientation" : "");
}

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

Image read_image_over(const fs::path& path, Ground ground) {
  const auto file = MappedFile::open(path);
  std::string remark;
  Image image =
      decode_over(file->bytes(), path.string(), pixel_limit(file->bytes().size()), ground, remark);
  if (!remark.empty())
    spdlog::warn("{}",
                 one_line(fmt::format("{}: {}; all pixels were read", path.string(), remark)));
  return image;
}

Image read_image(const fs::path& path) { return read_image_over(path, Ground::kWhite); }

void write_png(const fs::path& path, const Image& image, const PngText& text) {
  write_file_atomically(path, encode_png(image, text));
}

}  // namespace showo
