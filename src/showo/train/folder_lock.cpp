#include "showo/train/folder_lock.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "showo/core/error.h"

namespace showo {

FolderLock::FolderLock(const fs::path& folder) {
  const fs::path path = folder / ".lock";
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) fail("{}: {}", path.string(), std::strerror(errno));
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
  if (errno == EWOULDBLOCK) {
    ::close(fd_);
    fail("{}: another run is writing here; choose another folder or wait for its end",
         folder.string());
  }
  spdlog::warn("{}: {}: nothing keeps a second run out of this folder", path.string(),
               std::strerror(errno));
}

FolderLock::~FolderLock() { ::close(fd_); }

}  // namespace showo
