#include "showo/core/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <random>

#include "showo/core/error.h"
#include "showo/core/lfs.h"
#include "showo/core/signals.h"

namespace showo {
namespace {

class Descriptor {
 public:
  /// Errors name `wanted`.
  Descriptor(const fs::path& path, const fs::path& wanted, int flags, mode_t mode = 0)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {
    if (fd_ < 0) fail("{}: {}", wanted.string(), std::strerror(errno));
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  operator int() const { return fd_; }

 private:
  int fd_;
};

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

uint64_t regular_size(int fd, const fs::path& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) fail("{}: {}", path.string(), std::strerror(errno));
  if (S_ISDIR(info.st_mode)) fail("{}: expected a file, found a folder", path.string());
  if (!S_ISREG(info.st_mode)) fail("{}: not a regular file", path.string());
  return static_cast<uint64_t>(info.st_size);
}

}  // namespace

// O_NONBLOCK: a pipe is refused without waiting for its writer.
std::string read_file(const fs::path& path, uint64_t max_bytes) {
  Descriptor fd(path, path, O_RDONLY | O_NONBLOCK);
  const uint64_t size = regular_size(fd, path);
  if (size > max_bytes)
    fail("{}: {} bytes, more than the limit of {}", path.string(), size, max_bytes);
  std::string content(size, '\0');
  size_t done = 0;
  while (done < size) {
    const ssize_t got = ::read(fd, content.data() + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("{}: {}", path.string(), std::strerror(errno));
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  content.resize(done);
  refuse_lfs_pointer(content, path);
  return content;
}

std::shared_ptr<const MappedFile> MappedFile::open(const fs::path& path) {
  Descriptor fd(path, path, O_RDONLY | O_NONBLOCK);
  const uint64_t size = regular_size(fd, path);
  if (size == 0) return std::shared_ptr<const MappedFile>(new MappedFile(nullptr, 0));
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (data == MAP_FAILED) fail("{}: cannot be mapped: {}", path.string(), std::strerror(errno));
  std::shared_ptr<const MappedFile> file(new MappedFile(static_cast<const std::byte*>(data), size));
  refuse_lfs_pointer({static_cast<const char*>(data), size}, path);
  return file;
}

MappedFile::~MappedFile() {
  if (size_ > 0) ::munmap(const_cast<std::byte*>(data_), size_);
}

void write_file_atomically(
    const fs::path& path,
    const std::function<void(const std::function<void(std::string_view)>&)>& write) {
  const fs::path temporary = temporary_name(path);
  const Unfinished unfinished(temporary);
  try {
    Descriptor fd(temporary, path, O_WRONLY | O_CREAT | O_EXCL, 0644);
    write([&](std::string_view piece) {
      while (!piece.empty()) {
        const ssize_t wrote = ::write(fd, piece.data(), piece.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) fail("{}: {}", path.string(), std::strerror(errno));
        piece.remove_prefix(static_cast<size_t>(wrote));
      }
    });
    if (::fsync(fd) != 0) fail("{}: {}", path.string(), std::strerror(errno));
    if (::rename(temporary.c_str(), path.c_str()) != 0)
      fail("{}: {}", path.string(), std::strerror(errno));
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_folder(folder_of(path));
}

void write_file_atomically(const fs::path& path, std::string_view content) {
  write_file_atomically(path, [&](const auto& sink) { sink(content); });
}

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) fail("{}: {}", path.string(), error.message());
  if (!fs::is_directory(path)) fail("{}: expected a folder, found a file", path.string());
}

fs::path temporary_name(const fs::path& path) {
  constexpr size_t kSpare = 4;  // ".old", where names cannot be exchanged
  std::random_device random;
  const std::string end = fmt::format(".{:08x}{:08x}.tmp", random(), random());
  std::string name = path.filename().string();
  const fs::path folder = folder_of(path);
  const long limit = ::pathconf(folder.c_str(), _PC_NAME_MAX);
  size_t most = static_cast<size_t>(limit > 64 ? limit : 255) - end.size() - kSpare;
  if (name.size() > most) {
    // Not within a character: some file systems want valid UTF-8.
    while (most > 0 && (static_cast<unsigned char>(name[most]) & 0xc0) == 0x80) --most;
    name.resize(most);
  }
  return path.parent_path() / (name + end);
}

void sync_folder(const fs::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;  // one that may be written to but not read
  const int error = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  // Some file systems have no such thing for folders.
  if (error && error != EINVAL && error != ENOTSUP && error != EROFS)
    fail("{}: {}", folder.string(), std::strerror(error));
}

}  // namespace showo
