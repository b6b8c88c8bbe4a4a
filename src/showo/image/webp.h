// WebP through libwebp.
#pragma once

#include <span>

#include "showo/image/alpha.h"
#include "showo/image/image.h"

namespace showo {

/// Throws Error naming `name` for anything corrupt, animated or above `max_pixels`.
Rgba decode_webp(std::span<const std::byte> bytes, const std::string& name,
                 int64_t max_pixels = kMaxPixels);

}  // namespace showo
