// Git LFS keeps large files apart and leaves a small text in their place, which is what a clone
// without LFS holds.
#pragma once

#include <string_view>

#include "showo/core/files.h"

namespace showo {

/// Throws Error naming `path` when the file's content is such a text.
void refuse_lfs_pointer(std::string_view content, const fs::path& path);

}  // namespace showo
