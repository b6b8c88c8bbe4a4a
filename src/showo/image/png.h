// PNG through libpng, and the texts in such files.
#pragma once

#include <span>
#include <string>

#include "showo/core/files.h"
#include "showo/image/alpha.h"
#include "showo/image/image.h"

namespace showo {

/// Throws Error naming `name` for anything corrupt or above `max_pixels`.
Rgba decode_png(std::span<const std::byte> bytes, const std::string& name,
                int64_t max_pixels = kMaxPixels);

/// The text chunks of a PNG file; throws Error when it is no PNG, when one is damaged, and when
/// they are more than 1000 or, uncompressed, above 16 MiB.
PngText read_png_text(const fs::path& path);

}  // namespace showo
