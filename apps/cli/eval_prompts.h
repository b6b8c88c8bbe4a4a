// showo eval prompts and dpg: pictures of lists of prompts, drawn and measured.
#pragma once

#include "apps/cli/sampling_flags.h"
#include "apps/cli/session.h"

namespace showo::cli {

/// Draws DPG-Bench's pictures into eval/dpg.
void draw_dpg(const ModelFlags& model, const SamplingFlags& sampling, const fs::path& data);

/// Adds them to `eval`.
void add_eval_prompts(CLI::App& eval);

}  // namespace showo::cli
