// Files as this project treats them: read whole or mapped, written whole or not at all. Folders
// are written by folder.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace showo {

namespace fs = std::filesystem;

/// The file's bytes. Throws Error naming the path when it is missing, a folder, unreadable or above
/// max_bytes.
std::string read_file(const fs::path& path, uint64_t max_bytes = uint64_t{1} << 32);

/// A read-only memory map that lives as long as its last holder.
class MappedFile {
 public:
  /// Throws Error naming the path when it cannot be opened or mapped. An empty file maps to an
  /// empty span.
  static std::shared_ptr<const MappedFile> open(const fs::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  MappedFile(const std::byte* data, size_t size) : data_(data), size_(size) {}
  const std::byte* data_;
  size_t size_;
};

/// Writes through a temporary file beside the target, fsync and rename: a reader sees the old file
/// or the whole new one. `write` gets a sink to call with successive pieces. Throws Error naming
/// the path (full disk, no permission); the temporary file is removed then.
void write_file_atomically(
    const fs::path& path,
    const std::function<void(const std::function<void(std::string_view)>& sink)>& write);
void write_file_atomically(const fs::path& path, std::string_view content);

/// Makes the folder and its parents; throws Error naming it.
void make_folder(const fs::path& path);

/// Where to write what will take `path`'s place: NAME.<unique>.tmp beside it, a name that no other
/// thread, process or machine at the same disk uses. A long NAME is cut.
fs::path temporary_name(const fs::path& path);
/// Waits until the disk knows which names the folder holds, so that a crash of the machine undoes
/// no rename or removal in it.
void sync_folder(const fs::path& folder);

}  // namespace showo
