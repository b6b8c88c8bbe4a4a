// showo eval stories: stories and edits of the emoji world.
#pragma once

#include <CLI/CLI.hpp>

namespace showo::cli {

/// Adds it to `eval`.
void add_eval_stories(CLI::App& eval);

}  // namespace showo::cli
