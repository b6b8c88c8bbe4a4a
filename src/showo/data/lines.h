// Plain text, a sample a line, and JSON Lines with the text under a key. A part is a block of a
// mapped file: the lines that begin in it, so nothing is indexed and any size of file will do.
#pragma once

#include "showo/data/source.h"

namespace showo {

std::unique_ptr<data::Source> open_lines(const SourceConfig& config);

}  // namespace showo
