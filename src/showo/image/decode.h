// Picture files, whatever they hold (grey, palette, 16-bit, CMYK, alpha), as 8-bit RGB. Decoding
// goes by content, never by name, and sizes are checked before anything is allocated.
#pragma once

#include <span>
#include <string>

#include "showo/core/files.h"
#include "showo/image/alpha.h"

namespace showo {

/// The limit for a file of so many bytes: kMaxPixels, or up to twice that of a large photo, which
/// has a byte for 16 pixels at least.
int64_t pixel_limit(size_t file_bytes);

/// PNG, JPEG or WebP. Throws Error naming `name` for anything corrupt, unknown or above
/// `max_pixels`. Alpha is laid over white.
Image decode_image(std::span<const std::byte> bytes, const std::string& name, int64_t max_pixels);
/// decode_image with alpha over another ground.
Image decode_image_over(std::span<const std::byte> bytes, const std::string& name, Ground ground);

}  // namespace showo
