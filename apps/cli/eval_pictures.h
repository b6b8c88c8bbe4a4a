// showo eval fid and clip-score: sets of pictures measured by the field's own networks, whose
// weights are given by path.
#pragma once

#include <CLI/CLI.hpp>

#include "showo/benchmarks/benchmark.h"
#include "showo/core/torch.h"

namespace showo::cli {

/// What of `--data` and its kin FID reads: a file as it is; of a folder of pictures its statistics,
/// which are written to `statistics` first. Throws UsageError when a folder is given
/// without the network's file.
fs::path fid_side(const std::string& given, const std::string& inception, torch::Device device,
                  const fs::path& statistics, Problems& problems);

/// Adds them to `eval`.
void add_eval_pictures(CLI::App& eval);

}  // namespace showo::cli
