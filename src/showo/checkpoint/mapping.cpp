#include "showo/checkpoint/mapping.h"

#include <ATen/ATen.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "showo/core/error.h"
#include "showo/core/lfs.h"

namespace showo {

std::shared_ptr<Mapping> Mapping::open(const fs::path& path) {
  // O_NONBLOCK: a pipe is refused without waiting for its writer.
  const int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) fail("{}: {}", path.string(), std::strerror(errno));
  struct stat info {};
  const bool regular = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  const auto size = static_cast<size_t>(info.st_size);
  void* data = nullptr;
  // MAP_NORESERVE: pages are copied only if someone trains in place, so they are not charged
  // beforehand.
  if (regular && size > 0) {
    data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
  }
  const int error = errno;
  ::close(fd);
  if (!regular) fail("{}: not a regular file", path.string());
  if (size == 0) fail("{}: the file is empty", path.string());
  if (data == MAP_FAILED) fail("{}: cannot be mapped: {}", path.string(), std::strerror(error));
  std::shared_ptr<Mapping> mapping(new Mapping(static_cast<char*>(data), size));
  refuse_lfs_pointer(mapping->text(), path);
  return mapping;
}

Mapping::~Mapping() { ::munmap(data_, size_); }

at::Tensor Mapping::tensor(size_t offset, at::IntArrayRef shape, at::ScalarType dtype) {
  char* start = data_ + offset;
  const auto options = at::TensorOptions().dtype(dtype);
  const size_t bytes = c10::multiply_integers(shape) * c10::elementSize(dtype);
  if (bytes == 0) return at::empty(shape, options);
  if (reinterpret_cast<uintptr_t>(start) % c10::elementSize(dtype) != 0) {
    auto copy = at::empty(shape, options);
    std::memcpy(copy.data_ptr(), start, bytes);
    release(start, bytes);
    return copy;
  }
  return at::from_blob(
      start, shape,
      [keep = shared_from_this(), bytes](void* from) { release(static_cast<char*>(from), bytes); },
      options);
}

void Mapping::release(char* start, size_t bytes) {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto from = (reinterpret_cast<uintptr_t>(start) + page - 1) / page * page,
             to = (reinterpret_cast<uintptr_t>(start) + bytes) / page * page;
  if (to > from) ::madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
}

}  // namespace showo
