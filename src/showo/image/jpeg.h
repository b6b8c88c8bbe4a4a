// JPEG through libjpeg-turbo.
#pragma once

#include <span>
#include <string>

#include "showo/image/image.h"

namespace showo {

/// Throws Error naming `name` for anything corrupt or above `max_pixels`.
/// `remark`: what libjpeg found wrong though every pixel could be read; empty for most files.
Image decode_jpeg(std::span<const std::byte> bytes, const std::string& name, int64_t max_pixels,
                  std::string& remark);

}  // namespace showo
