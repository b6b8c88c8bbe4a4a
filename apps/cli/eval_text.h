// showo eval text: what a text costs a language model.
#pragma once

#include <CLI/CLI.hpp>

namespace showo::cli {

/// Adds it to `eval`.
void add_eval_text(CLI::App& eval);

}  // namespace showo::cli
