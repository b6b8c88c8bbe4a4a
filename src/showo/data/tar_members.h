// The files in a tar archive, plain or compressed, one after another, with limits on what a small
// archive may expand to.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "showo/core/files.h"

struct archive;

namespace showo {

class TarMembers {
 public:
  static constexpr int64_t kMaxBytes = int64_t{256} << 20;  // of one member

  /// Throws Error naming the archive when it cannot be opened.
  explicit TarMembers(const fs::path& path);
  /// The next file's name, "a/0.png" for "./a/0.png", or nothing at the end. Leftovers (clean.h)
  /// are passed over. Throws Error naming the archive and member when it is damaged or too large.
  std::optional<std::string> next();
  /// Of the file that next() named.
  int64_t size() const { return size_; }
  /// Its bytes, to be asked for once. Throws Error when they are cut short.
  std::string content();
  const std::string& path() const { return path_; }

 private:
  bool next_file();
  std::string path_, name_;
  std::unique_ptr<archive, int (*)(archive*)> in_;
  int64_t left_ = 0;  // bytes that the members to come may have
  int64_t size_ = 0;
  bool ended_ = false;
};

}  // namespace showo
