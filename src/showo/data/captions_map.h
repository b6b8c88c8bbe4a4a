// Captions by key, as JSON maps them: {"000012": "a cat on a mat", …}.
#pragma once

#include <unordered_map>

#include "showo/core/files.h"

namespace showo {

using CaptionMap = std::unordered_map<std::string, std::string>;

/// Reads without building a tree, so memory is that of the captions. Throws Error naming the file
/// and key of a value that is no text.
CaptionMap read_captions(const fs::path& path);

}  // namespace showo
