// Pictures captioned by JSON: a list (or lines) of {image, caption}, where the caption may be a
// list to draw one of, or one object of captions by picture, {"a/1.jpg": "a cat on a mat"}.
#pragma once

#include "showo/data/source.h"

namespace showo {

std::unique_ptr<data::Source> open_captions(const SourceConfig& config);

}  // namespace showo
