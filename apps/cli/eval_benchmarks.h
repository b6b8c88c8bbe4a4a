// showo eval pope, mme, vqav2, gqa, mmmu, captions, geneval and fid.
#pragma once

#include "apps/cli/session.h"

namespace showo::cli {

/// Asks the model every benchmark that has a folder of its name in `folder`; answers and
/// predictions go into eval/NAME. Throws UsageError when it has none.
void eval_all(const ModelFlags& model, const std::string& folder, const std::string& protocol);
void add_eval_benchmarks(CLI::App& eval);

}  // namespace showo::cli
