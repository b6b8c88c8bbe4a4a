// The checkpoints of a run's folder: their names, which is the newest and the best, and which ones
// go.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "showo/core/files.h"

namespace showo {

/// RUN/checkpoints/step-NNNNNNN. RUN/checkpoint is a link to the newest and RUN/best one to the
/// best; where the file system has no symbolic links, both are files that hold the name. Nothing
/// that has another name is ever touched.
class Checkpoints {
 public:
  /// Throws Error when something else has the place of `checkpoint` or `best`.
  explicit Checkpoints(fs::path run);

  /// What `checkpoint` names. When that is gone, or nothing is named, the whole one of most steps,
  /// and says so. Throws Error when a name is left and no checkpoint.
  std::optional<fs::path> newest() const;
  /// What `best` names, if anything.
  std::optional<fs::path> best() const;

  /// Makes the checkpoint of `step` from what `fill` writes, and `checkpoint` its name; then
  /// removes older ones but the last `keep` and the best.
  void save(int64_t step, int64_t keep, const std::function<void(const fs::path&)>& fill);
  /// `best` becomes the newest.
  void mark_best() const;

 private:
  std::optional<fs::path> named_by(const std::string& pointer) const;
  std::vector<int64_t> steps() const;
  void point(const std::string& pointer, const fs::path& target) const;
  void prune(int64_t step, int64_t keep) const;
  fs::path run_;
};

}  // namespace showo
