// One run a folder: two would remove each other's checkpoints and mix their metrics.
#pragma once

#include "showo/core/files.h"

namespace showo {

class FolderLock {
 public:
  /// Holds FOLDER/.lock until it is destroyed or the process ends, however it ends. Throws Error
  /// when another run holds it. Where the file system knows no locks there is none, and that is
  /// said.
  explicit FolderLock(const fs::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_;
};

}  // namespace showo
