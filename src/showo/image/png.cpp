// libpng's errors arrive by longjmp. Texts are read in png_text.cpp.
#include "showo/image/png.h"

#include <png.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "showo/core/error.h"
#include "showo/image/long_jumps.h"

namespace showo {
namespace {

// What libpng's callbacks know; its message is kept in place, as nothing may throw across libpng.
struct ErrorKeeper {
  LongJumps jumps;
  char message[256] = {};
};

void remember_error(png_structp png, png_const_charp message) {
  auto* keeper = static_cast<ErrorKeeper*>(png_get_error_ptr(png));
  std::strncpy(keeper->message, message, sizeof keeper->message - 1);
  keeper->jumps.leave();
}

void ignore_warning(png_structp, png_const_charp) {}

class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const std::string& name) : bytes_(bytes), name_(name) {
    run([&] {
      png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &errors_, remember_error, ignore_warning);
      if (png) info = png_create_info_struct(png);
      if (!info) return;
      png_set_read_fn(png, this, read_bytes);
      // Everything but the pixels and their transparency is passed over unseen: texts and profiles
      // can stand for far more memory than the file has.
      png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
    });
    if (info) return;
    png_destroy_read_struct(&png, nullptr, nullptr);
    throw std::bad_alloc();
  }
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  /// Whatever calls libpng; see LongJumps::run. Throws Error with what libpng says.
  template <class Body>
  void run(const Body& body) {
    if (!errors_.jumps.run(body)) fail("{}: not a readable PNG: {}", name_, errors_.message);
  }

  png_structp png = nullptr;
  png_infop info = nullptr;

 private:
  static void read_bytes(png_structp png, png_bytep out, size_t count) {
    auto* self = static_cast<Reader*>(png_get_io_ptr(png));
    if (count > self->bytes_.size() - self->offset_) png_error(png, "the file ends too early");
    std::memcpy(out, self->bytes_.data() + self->offset_, count);
    self->offset_ += count;
  }
  std::span<const std::byte> bytes_;
  const std::string& name_;
  size_t offset_ = 0;
  ErrorKeeper errors_;
};

// Whatever the file holds becomes 8-bit RGBA.
void ask_for_rgba(png_structp png) {
  png_set_expand(png);
  png_set_scale_16(png);
  png_set_gray_to_rgb(png);
  png_set_add_alpha(png, 0xff, PNG_FILLER_AFTER);
  png_set_interlace_handling(png);
}

// libpng would cut and change other keys instead of refusing them.
void check_key(const std::string& key) {
  const bool printable =
      std::all_of(key.begin(), key.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (key.empty() || key.size() > 79 || !printable || key.front() == ' ' || key.back() == ' ' ||
      key.find("  ") != std::string::npos) {
    fail(
        "PNG: '{}' cannot be the key of a text: expected 1 to 79 printable ASCII characters with "
        "single spaces inside",
        key);
  }
}

}  // namespace

Rgba decode_png(std::span<const std::byte> bytes, const std::string& name, int64_t max_pixels) {
  Reader reader(bytes, name);
  reader.run([&] { png_read_info(reader.png, reader.info); });
  Rgba image{static_cast<int>(png_get_image_width(reader.png, reader.info)),
             static_cast<int>(png_get_image_height(reader.png, reader.info)),
             {}};
  check_pixels(image.width, image.height, name, max_pixels);
  // Deflate makes at most 1032 bytes of one.
  constexpr size_t kMostExpansion = 1100;
  if (png_get_rowbytes(reader.png, reader.info) * image.height / kMostExpansion > bytes.size()) {
    fail("{}: not a readable PNG: {} bytes cannot hold {}×{} pixels", name, bytes.size(),
         image.width, image.height);
  }
  image.rgba.resize(static_cast<size_t>(image.width) * image.height * 4);
  std::vector<png_bytep> rows(image.height);
  for (int y = 0; y < image.height; ++y)
    rows[y] = image.rgba.data() + static_cast<size_t>(y) * image.width * 4;
  reader.run([&] {
    ask_for_rgba(reader.png);
    png_read_update_info(reader.png, reader.info);
    png_read_image(reader.png, rows.data());
    png_read_end(reader.png, nullptr);
  });
  return image;
}

namespace {

// The file that libpng writes. Memory may run out in its callback, but no exception may cross it.
class Writer {
 public:
  Writer() {
    run([&] {
      png =
          png_create_write_struct(PNG_LIBPNG_VER_STRING, &errors_, remember_error, ignore_warning);
      if (png) info = png_create_info_struct(png);
    });
    if (!info) {
      png_destroy_write_struct(&png, nullptr);
      throw std::bad_alloc();
    }
    png_set_write_fn(png, this, append, [](png_structp) {});
  }
  ~Writer() { png_destroy_write_struct(&png, &info); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  template <class Body>
  void run(const Body& body) {
    if (!errors_.jumps.run(body)) fail("PNG: {}", errors_.message);
  }

  png_structp png = nullptr;
  png_infop info = nullptr;
  std::string file;

 private:
  static void append(png_structp png, png_bytep data, size_t count) {
    bool kept = true;
    try {
      static_cast<Writer*>(png_get_io_ptr(png))
          ->file.append(reinterpret_cast<const char*>(data), count);
    } catch (const std::exception&) {
      kept = false;
    }
    if (!kept) png_error(png, "out of memory");
  }
  ErrorKeeper errors_;
};

}  // namespace

std::string encode_png(const Image& image, const PngText& text, int level) {
  if (image.width < 1 || image.height < 1) fail("PNG: the picture is empty");
  for (const auto& item : text) check_key(item.first);
  std::vector<png_text> chunks;
  for (const auto& [key, value] : text) {
    png_text chunk{};
    chunk.compression = PNG_ITXT_COMPRESSION_NONE;
    chunk.key = const_cast<char*>(key.c_str());
    chunk.text = const_cast<char*>(value.c_str());
    chunk.itxt_length = value.size();
    chunks.push_back(chunk);
  }
  Writer writer;
  writer.run([&] {
    const auto png = writer.png;
    const auto info = writer.info;
    png_set_IHDR(png, info, image.width, image.height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_compression_level(png, level);
    if (level < 3) png_set_filter(png, 0, PNG_FILTER_SUB);
    if (!chunks.empty()) png_set_text(png, info, chunks.data(), static_cast<int>(chunks.size()));
    png_write_info(png, info);
    for (int y = 0; y < image.height; ++y) png_write_row(png, image.pixel(0, y));
    png_write_end(png, nullptr);
  });
  return std::move(writer.file);
}

void write_png(const fs::path& path, const Image& image, const PngText& text) {
  write_file_atomically(path, encode_png(image, text));
}

}  // namespace showo
