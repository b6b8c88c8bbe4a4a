#include "showo/data/tar_members.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>

#include "showo/core/error.h"
#include "showo/data/clean.h"

namespace showo {
namespace {

// What the members may have in all: compressed and sparse ones can stand for any number of bytes,
// and many samples wait in the shuffling buffer.
constexpr int64_t kMaxExpansion = 100, kSpare = int64_t{64} << 20;

}  // namespace

TarMembers::TarMembers(const fs::path& path)
    : path_(path.string()), in_(archive_read_new(), archive_read_free) {
  // Mapped only to hear why it is no file to read; Git LFS leaves pointers in the place of shards.
  const auto bytes = static_cast<int64_t>(MappedFile::open(path)->bytes().size());
  left_ = kSpare + std::min(bytes, kSpare << 20) * kMaxExpansion;
  archive_read_support_format_tar(in_.get());
  archive_read_support_filter_gzip(in_.get());
  if (archive_read_open_filename(in_.get(), path.c_str(), 1 << 16) != ARCHIVE_OK) {
    const char* reason = archive_error_string(in_.get());
    fail("{}: {}", path_, reason ? reason : "not a tar archive");
  }
}

// To the next regular file.
bool TarMembers::next_file() {
  archive_entry* entry = nullptr;
  do {
    const int status = archive_read_next_header(in_.get(), &entry);
    if (status == ARCHIVE_EOF) {
      // A tar ends with blocks of zeros, which libarchive does not insist on.
      if (archive_filter_bytes(in_.get(), 0) == archive_read_header_position(in_.get()))
        fail("{}: truncated: the end of the archive is missing", path_);
      return false;
    }
    // A warning is about what a sample does not need, such as a name in UTF-8 that the locale has
    // no characters for: the name is then given as the bytes that the archive holds.
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
      fail("{}: damaged: {}", path_, archive_error_string(in_.get()));
  } while (archive_entry_filetype(entry) != AE_IFREG);
  const char* name = archive_entry_pathname(entry);
  name_ = name ? name : "";
  while (name_.starts_with("./")) name_.erase(0, 2);
  size_ = archive_entry_size(entry);
  return true;
}

std::optional<std::string> TarMembers::next() {
  while (!ended_ && next_file()) {
    if (size_ < 0 || size_ > kMaxBytes) {
      fail("{}: member '{}' has {} bytes, more than the limit of {}", path_, name_, size_,
           kMaxBytes);
    }
    if (left_ < size_) {
      fail("{}: member '{}' has {} bytes: the archive expands to more than {} times its size",
           path_, name_, size_, kMaxExpansion);
    }
    left_ -= size_;
    if (!is_leftover(name_)) return name_;
  }
  ended_ = true;
  return std::nullopt;
}

std::string TarMembers::content() {
  std::string bytes(static_cast<size_t>(size_), '\0');
  if (archive_read_data(in_.get(), bytes.data(), bytes.size()) != static_cast<la_ssize_t>(size_))
    fail("{}: member '{}' is truncated", path_, name_);
  return bytes;
}

}  // namespace showo
