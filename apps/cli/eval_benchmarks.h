// showo eval pope, mme, vqav2, gqa, mmmu, captions and geneval.
#pragma once

#include "apps/cli/sampling_flags.h"
#include "apps/cli/session.h"

namespace showo::cli {

/// Asks the model every benchmark that has a folder of its name in `folder`, and draws the pictures
/// of geneval and dpg; answers, predictions and pictures go into eval/NAME. Throws UsageError when
/// it has none.
void eval_all(const ModelFlags& model, const SamplingFlags& sampling, const std::string& folder,
              const std::string& protocol);
void add_eval_benchmarks(CLI::App& eval);

}  // namespace showo::cli
