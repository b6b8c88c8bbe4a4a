// libjpeg's errors arrive by longjmp, as libpng's do.
#include "showo/image/jpeg.h"

#include <cstdio>  // jpeglib.h needs FILE
// clang-format off
#include <jpeglib.h>
// clang-format on
#include <jerror.h>

#include <algorithm>
#include <cstdlib>

#include "showo/core/error.h"
#include "showo/image/long_jumps.h"

namespace showo {
namespace {

struct ErrorManager {
  jpeg_error_mgr base;
  LongJumps jumps;
  char message[JMSG_LENGTH_MAX] = {};
  char remark[JMSG_LENGTH_MAX] = {};
};

void jump_out(j_common_ptr info) {
  auto* manager = reinterpret_cast<ErrorManager*>(info->err);
  info->err->format_message(info, manager->message);
  manager->jumps.leave();
}

// Oddities of cameras and editors which leave every pixel as it was meant.
bool is_harmless(int warning) {
  return warning == JWRN_EXTRANEOUS_DATA || warning == JWRN_NOT_SEQUENTIAL ||
         warning == JWRN_JFIF_MAJOR || warning == JWRN_ADOBE_XFORM || warning == JWRN_BOGUS_ICC;
}

// Every other warning of libjpeg's means data that are lost, in whose place it would put grey: here
// that is an error.
void judge_warning(j_common_ptr info, int level) {
  if (level >= 0) return;
  auto* manager = reinterpret_cast<ErrorManager*>(info->err);
  if (!is_harmless(info->err->msg_code)) jump_out(info);
  if (manager->remark[0] == '\0') info->err->format_message(info, manager->remark);
}

// A scan of a few bytes can pass over all pixels once more, so their number is limited.
struct ScanLimit {
  jpeg_progress_mgr base{};
  int most = 0;
};

void refuse_many_scans(j_common_ptr info) {
  const auto* limit = reinterpret_cast<const ScanLimit*>(info->progress);
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= limit->most) return;
  auto* manager = reinterpret_cast<ErrorManager*>(info->err);
  std::snprintf(manager->message, sizeof manager->message,
                "more than %d scans, too many for its size", limit->most);
  manager->jumps.leave();
}

class Decompressor {
 public:
  explicit Decompressor(const std::string& name) : name_(name) {
    info.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = jump_out;
    errors_.base.emit_message = judge_warning;
    run([&] { jpeg_create_decompress(&info); });
  }
  ~Decompressor() { jpeg_destroy_decompress(&info); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  /// Whatever calls libjpeg; see LongJumps::run. Throws Error with what libjpeg says.
  template <class Body>
  void run(const Body& body) {
    if (!errors_.jumps.run(body)) fail("{}: not a readable JPEG: {}", name_, errors_.message);
  }
  void limit_scans(int most) {
    limit_.most = most;
    limit_.base.progress_monitor = refuse_many_scans;
    info.progress = &limit_.base;
  }

  std::string remark() const { return errors_.remark; }

  jpeg_decompress_struct info{};

 private:
  const std::string& name_;
  ErrorManager errors_;
  ScanLimit limit_;
};

// What the header says against what the file holds, before the pixels have any memory. Huffman
// codes have a bit at least for each unit of up to 32×32 pixels. 32 scans are more than encoders
// write; those beyond are few where the pixels are many for the file.
void check_size(Decompressor& jpeg, size_t bytes, const std::string& name, int64_t max_pixels) {
  const auto& info = jpeg.info;
  check_pixels(info.image_width, info.image_height, name, max_pixels);
  const int64_t pixels = int64_t{info.image_width} * info.image_height;
  const auto size = static_cast<int64_t>(bytes);
  if (!info.arith_code && pixels / (8 * 32 * 32) > size) {
    fail("{}: not a readable JPEG: {} bytes cannot hold {}×{} pixels", name, bytes,
         info.image_width, info.image_height);
  }
  jpeg.limit_scans(static_cast<int>(std::min<int64_t>(32 + 64 * size / pixels, 10'000)));
}

// Adobe writes CMYK inverted: 255 is no ink.
void cmyk_to_rgb(const std::vector<uint8_t>& cmyk, bool inverted, uint8_t* rgb) {
  for (size_t i = 0; i < cmyk.size() / 4; ++i) {
    const int k = inverted ? cmyk[4 * i + 3] : 255 - cmyk[4 * i + 3];
    for (int c = 0; c < 3; ++c) {
      const int ink = inverted ? cmyk[4 * i + c] : 255 - cmyk[4 * i + c];
      rgb[3 * i + c] = static_cast<uint8_t>((ink * k + 127) / 255);
    }
  }
}

}  // namespace

Image decode_jpeg(std::span<const std::byte> bytes, const std::string& name, int64_t max_pixels,
                  std::string& remark) {
  Decompressor jpeg(name);
  auto& info = jpeg.info;
  jpeg.run([&] {
    jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    jpeg_read_header(&info, TRUE);
  });
  check_size(jpeg, bytes.size(), name, max_pixels);
  const bool is_cmyk = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
  info.out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
  jpeg.run([&] { jpeg_start_decompress(&info); });
  Image image(static_cast<int>(info.output_width), static_cast<int>(info.output_height));
  std::vector<uint8_t> cmyk(is_cmyk ? static_cast<size_t>(image.width) * 4 : 0);
  jpeg.run([&] {
    while (info.output_scanline < info.output_height) {
      uint8_t* out = image.pixel(0, static_cast<int>(info.output_scanline));
      JSAMPROW row = is_cmyk ? cmyk.data() : out;
      jpeg_read_scanlines(&info, &row, 1);
      cmyk_to_rgb(cmyk, info.saw_Adobe_marker, out);
    }
    jpeg_finish_decompress(&info);
  });
  remark = jpeg.remark();
  return image;
}

namespace {

class Compressor {
 public:
  Compressor() {
    info.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = jump_out;
    run([&] {
      jpeg_create_compress(&info);
      jpeg_mem_dest(&info, &bytes_, &size_);
    });
  }
  ~Compressor() {
    jpeg_destroy_compress(&info);
    std::free(bytes_);
  }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
  template <class Body>
  void run(const Body& body) {
    if (!errors_.jumps.run(body)) fail("JPEG: {}", errors_.message);
  }
  std::string file() const { return {reinterpret_cast<const char*>(bytes_), size_}; }

  jpeg_compress_struct info{};

 private:
  ErrorManager errors_;
  unsigned char* bytes_ = nullptr;
  unsigned long size_ = 0;  // NOLINT: libjpeg's type
};

}  // namespace

std::string encode_jpeg(const Image& image, int quality) {
  if (image.width < 1 || image.height < 1) fail("JPEG: the picture is empty");
  Compressor jpeg;
  auto& info = jpeg.info;
  info.image_width = image.width;
  info.image_height = image.height;
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg.run([&] {
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, quality, TRUE);
    jpeg_start_compress(&info, TRUE);
    while (info.next_scanline < info.image_height) {
      auto* row = const_cast<uint8_t*>(image.pixel(0, static_cast<int>(info.next_scanline)));
      jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
  });
  return jpeg.file();
}

}  // namespace showo
