#include "showo/core/lfs.h"

#include "showo/core/error.h"

namespace showo {

void refuse_lfs_pointer(std::string_view content, const fs::path& path) {
  if (content.starts_with("version https://git-lfs.github.com/"))
    fail("{}: a Git LFS pointer, not the file itself; 'git lfs pull' there fetches it",
         path.string());
}

}  // namespace showo
