// PNG through libpng, and the texts in such files.
#pragma once

#include <map>
#include <span>
#include <string>

#include "showo/core/files.h"
#include "showo/image/alpha.h"
#include "showo/image/image.h"

namespace showo {

/// Throws Error naming `name` for anything corrupt or above `max_pixels`.
Rgba decode_png(std::span<const std::byte> bytes, const std::string& name,
                int64_t max_pixels = kMaxPixels);

using PngText = std::map<std::string, std::string>;

/// `text` becomes iTXt chunks (UTF-8). `level` is zlib's, 0 to 9.
std::string encode_png(const Image& image, const PngText& text = {}, int level = 6);
/// Atomic; throws Error naming the path.
void write_png(const fs::path& path, const Image& image, const PngText& text = {});
/// The text chunks of a PNG file; throws Error when it is no PNG, when one is damaged, and when
/// they are more than 1000 or, uncompressed, above 16 MiB.
PngText read_png_text(const fs::path& path);

}  // namespace showo
