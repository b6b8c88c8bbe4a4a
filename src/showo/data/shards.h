// webdataset shards: tar files whose members KEY.png|jpg|webp, KEY.txt and KEY.json, side by side,
// are one sample.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "showo/core/files.h"
#include "showo/data/sample.h"

namespace showo {

/// Writes `samples` as one shard, atomically; the same samples give the same bytes.
void write_shard(const fs::path& path, const std::vector<Sample>& samples);

/// Reads samples in the order of the file. Throws Error naming the shard and member when the
/// archive is damaged, CorruptSample when only this sample's JSON is.
class ShardReader {
 public:
  explicit ShardReader(const fs::path& path);
  ~ShardReader();
  ShardReader(ShardReader&&) noexcept;
  ShardReader& operator=(ShardReader&&) noexcept;
  /// The next sample, or nothing at the end.
  std::optional<Sample> next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// `pattern` is a file, a folder of *.tar, *.tar.gz and *.tgz, or holds braces:
/// train-{0000..0011}.tar. Sorted; throws Error when one is missing.
std::vector<fs::path> find_shards(const std::string& pattern);

}  // namespace showo
