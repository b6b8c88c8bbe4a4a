// PNG through libpng. Its errors arrive by longjmp: every object with a destructor is made before
// setjmp, and nothing is made between it and the jump.
#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>

#include "showo/core/error.h"
#include "showo/image/codecs.h"

namespace showo {
namespace {

struct Source {
  std::span<const std::byte> bytes;
  size_t offset = 0;
  std::string message;
};

void remember_error(png_structp png, png_const_charp message) {
  static_cast<Source*>(png_get_error_ptr(png))->message = message;
  png_longjmp(png, 1);
}

void ignore_warning(png_structp, png_const_charp) {}

void read_bytes(png_structp png, png_bytep out, size_t count) {
  auto* source = static_cast<Source*>(png_get_io_ptr(png));
  if (count > source->bytes.size() - source->offset) png_error(png, "the file ends too early");
  std::memcpy(out, source->bytes.data() + source->offset, count);
  source->offset += count;
}

struct ReadHandle {
  explicit ReadHandle(Source& source)
      : png(png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, remember_error, ignore_warning)),
        info(png_create_info_struct(png)) {
    png_set_read_fn(png, &source, read_bytes);
  }
  ~ReadHandle() { png_destroy_read_struct(&png, &info, nullptr); }
  png_structp png;
  png_infop info;
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
  Source source{bytes, 0, {}};
  ReadHandle handle(source);
  Rgba image;
  std::vector<png_bytep> rows;
  if (setjmp(png_jmpbuf(handle.png))) fail("{}: not a readable PNG: {}", name, source.message);
  png_read_info(handle.png, handle.info);
  image.width = static_cast<int>(png_get_image_width(handle.png, handle.info));
  image.height = static_cast<int>(png_get_image_height(handle.png, handle.info));
  check_pixels(image.width, image.height, name, max_pixels);
  ask_for_rgba(handle.png);
  png_read_update_info(handle.png, handle.info);
  image.rgba.resize(static_cast<size_t>(image.width) * image.height * 4);
  rows.resize(image.height);
  for (int y = 0; y < image.height; ++y)
    rows[y] = image.rgba.data() + static_cast<size_t>(y) * image.width * 4;
  png_read_image(handle.png, rows.data());
  png_read_end(handle.png, nullptr);
  return image;
}

std::string encode_png(const Image& image, const PngText& text, int level) {
  if (image.width < 1 || image.height < 1) fail("PNG: the picture is empty");
  for (const auto& item : text) check_key(item.first);
  std::string out, message;
  std::vector<png_text> chunks;
  for (const auto& [key, value] : text) {
    png_text chunk{};
    chunk.compression = PNG_ITXT_COMPRESSION_NONE;
    chunk.key = const_cast<char*>(key.c_str());
    chunk.text = const_cast<char*>(value.c_str());
    chunk.itxt_length = value.size();
    chunks.push_back(chunk);
  }
  png_structp png = png_create_write_struct(
      PNG_LIBPNG_VER_STRING, &message,
      [](png_structp p, png_const_charp m) {
        *static_cast<std::string*>(png_get_error_ptr(p)) = m;
        png_longjmp(p, 1);
      },
      ignore_warning);
  png_infop info = png_create_info_struct(png);
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    fail("PNG: {}", message);
  }
  png_set_write_fn(
      png, &out,
      [](png_structp p, png_bytep data, size_t n) {
        static_cast<std::string*>(png_get_io_ptr(p))
            ->append(reinterpret_cast<const char*>(data), n);
      },
      [](png_structp) {});
  png_set_IHDR(png, info, image.width, image.height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_compression_level(png, level);
  if (level < 3) png_set_filter(png, 0, PNG_FILTER_SUB);
  if (!chunks.empty()) png_set_text(png, info, chunks.data(), static_cast<int>(chunks.size()));
  png_write_info(png, info);
  for (int y = 0; y < image.height; ++y) png_write_row(png, image.pixel(0, y));
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return out;
}

PngText read_png_text(const fs::path& path) {
  const auto file = MappedFile::open(path);
  if (!is_png(file->bytes())) fail("{}: not a PNG picture", path.string());
  Source source{file->bytes(), 0, {}};
  ReadHandle handle(source);
  PngText result;
  std::vector<png_byte> row;
  png_textp chunks = nullptr;
  if (setjmp(png_jmpbuf(handle.png)))
    fail("{}: not a readable PNG: {}", path.string(), source.message);
  png_read_info(handle.png, handle.info);
  check_pixels(png_get_image_width(handle.png, handle.info),
               png_get_image_height(handle.png, handle.info), path.string(), kMaxPixels);
  // Texts may stand behind the pixels.
  const int passes = png_set_interlace_handling(handle.png);
  png_read_update_info(handle.png, handle.info);
  row.resize(png_get_rowbytes(handle.png, handle.info));
  for (int64_t left = int64_t{passes} * png_get_image_height(handle.png, handle.info); left > 0;
       --left)
    png_read_row(handle.png, row.data(), nullptr);
  png_read_end(handle.png, handle.info);
  const int count = png_get_text(handle.png, handle.info, &chunks, nullptr);
  for (int i = 0; i < count; ++i) result[chunks[i].key] = chunks[i].text ? chunks[i].text : "";
  return result;
}

}  // namespace showo
