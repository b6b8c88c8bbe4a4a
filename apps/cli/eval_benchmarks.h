// showo eval pope, mme, vqav2, gqa, mmmu, captions, geneval and fid.
#pragma once

#include <CLI/CLI.hpp>

namespace showo::cli {

void add_eval_benchmarks(CLI::App& eval);

}  // namespace showo::cli
