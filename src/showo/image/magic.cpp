#include "showo/image/magic.h"

#include <cstring>
#include <string_view>

#include "showo/core/error.h"

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

void refuse_format(std::span<const std::byte> bytes, const std::string& name) {
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

}  // namespace showo
