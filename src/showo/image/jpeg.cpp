// JPEG through libjpeg-turbo; its errors arrive by longjmp, as libpng's do.
#include <cstdio>  // jpeglib.h needs FILE
// clang-format off
#include <jpeglib.h>
// clang-format on
#include <csetjmp>
#include <cstring>
#include <optional>

#include "showo/core/error.h"
#include "showo/image/codecs.h"

namespace showo {
namespace {

struct ErrorManager {
  jpeg_error_mgr base;
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX] = {};
};

void jump_out(j_common_ptr info) {
  auto* manager = reinterpret_cast<ErrorManager*>(info->err);
  info->err->format_message(info, manager->message);
  std::longjmp(manager->jump, 1);
}

// A warning of libjpeg's means corrupt data that it would fill with grey: here that is an error.
void refuse_warnings(j_common_ptr info, int level) {
  if (level < 0) jump_out(info);
}

struct Decompressor {
  Decompressor() {
    info.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = jump_out;
    errors.base.emit_message = refuse_warnings;
    jpeg_create_decompress(&info);
  }
  ~Decompressor() { jpeg_destroy_decompress(&info); }
  ErrorManager errors;
  jpeg_decompress_struct info{};
};

// The orientation tag (0x0112) of an EXIF block; 1, upright, when there is none or it makes no
// sense.
int exif_orientation(const jpeg_saved_marker_ptr list) {
  for (auto* marker = list; marker; marker = marker->next) {
    const std::string_view data(reinterpret_cast<const char*>(marker->data), marker->data_length);
    if (marker->marker != JPEG_APP0 + 1 || data.size() < 14 ||
        data.substr(0, 6) != std::string_view("Exif\0\0", 6))
      continue;
    const std::string_view tiff = data.substr(6);
    const bool little = tiff.substr(0, 2) == "II";
    auto number = [&](size_t at, int bytes) -> uint32_t {
      uint32_t value = 0;
      if (at + bytes > tiff.size()) return 0;
      for (int i = 0; i < bytes; ++i) {
        value |= static_cast<uint32_t>(static_cast<uint8_t>(tiff[at + i]))
                 << 8 * (little ? i : bytes - 1 - i);
      }
      return value;
    };
    const size_t directory = number(4, 4);
    for (uint32_t i = 0, count = number(directory, 2); i < count; ++i) {
      const size_t entry = directory + 2 + 12 * i;
      if (number(entry, 2) == 0x0112) return static_cast<int>(number(entry + 8, 2));
    }
  }
  return 1;
}

Image oriented(const Image& image, int orientation) {
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
  return result;
}

}  // namespace

Image decode_jpeg(std::span<const std::byte> bytes, const std::string& name, int64_t max_pixels) {
  Decompressor jpeg;
  auto& info = jpeg.info;
  Image image;
  std::vector<uint8_t> cmyk;
  std::optional<int> orientation;
  if (setjmp(jpeg.errors.jump)) fail("{}: not a readable JPEG: {}", name, jpeg.errors.message);
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_save_markers(&info, JPEG_APP0 + 1, 0xffff);
  jpeg_read_header(&info, TRUE);
  check_pixels(info.image_width, info.image_height, name, max_pixels);
  orientation = exif_orientation(info.marker_list);
  const bool is_cmyk = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
  info.out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(&info);
  image = Image(static_cast<int>(info.output_width), static_cast<int>(info.output_height));
  cmyk.resize(is_cmyk ? static_cast<size_t>(image.width) * 4 : 0);
  while (info.output_scanline < info.output_height) {
    uint8_t* out = image.pixel(0, static_cast<int>(info.output_scanline));
    JSAMPROW row = is_cmyk ? cmyk.data() : out;
    jpeg_read_scanlines(&info, &row, 1);
    for (size_t i = 0; i < cmyk.size() / 4; ++i) {
      // Adobe writes CMYK inverted: 255 is no ink.
      const bool inverted = info.saw_Adobe_marker;
      const int k = inverted ? cmyk[4 * i + 3] : 255 - cmyk[4 * i + 3];
      for (int c = 0; c < 3; ++c) {
        const int ink = inverted ? cmyk[4 * i + c] : 255 - cmyk[4 * i + c];
        out[3 * i + c] = static_cast<uint8_t>((ink * k + 127) / 255);
      }
    }
  }
  jpeg_finish_decompress(&info);
  return oriented(image, *orientation);
}

}  // namespace showo
