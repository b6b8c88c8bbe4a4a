// The orientation that EXIF tells (CIPA DC-008, 4.6.5): in a JPEG's APP1 segments, a PNG's eXIf
// chunk (PNG specification, third edition, 11.3.4.6), a WebP's EXIF chunk. The files are walked
// here and not by their libraries, which would keep or skip the blocks each in its own way.
#pragma once

#include <cstddef>
#include <span>

#include "showo/image/image.h"

namespace showo {

/// 1 to 8, of the first EXIF block that says it; 1, upright, when none does. Of any of the formats.
int exif_orientation(std::span<const std::byte> file);
/// The picture turned and mirrored to stand upright; `orientation` as exif_orientation gives it.
Image oriented(Image image, int orientation);

}  // namespace showo
