// Where a benchmark's files and pictures are in the folders that its makers distribute.
#pragma once

#include "showo/benchmarks/benchmark.h"

namespace showo {

bool is_file(const fs::path& path);
/// A folder, or the one that the file is in.
fs::path folder_at(const fs::path& path);

/// Below `data`, the file `name` in the first of `folders` that has it; its path in the first of
/// them when none does.
fs::path picture_path(const fs::path& data, const std::vector<std::string>& folders,
                      const std::string& name);
/// Throws Error naming the first picture that is not there and how many are not.
void require_pictures(const std::vector<BenchmarkQuestion>& questions);

/// `path` itself when it is no folder; else the file `usual` in it, the file `ending`, or the only
/// one whose name ends so. Throws Error where there is none or a choice.
fs::path file_in(const fs::path& path, const std::string& usual, const std::string& ending);

/// Throws Error unless there are as many answers as questions.
void require_answers(const std::vector<std::string>& answers, size_t questions);

}  // namespace showo
