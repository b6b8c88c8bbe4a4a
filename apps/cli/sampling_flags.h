// How pictures and answers are sampled. Pictures, from the most general to the most particular: the
// published values, the model's own (sampling.json), a preset, flags.
#pragma once

#include "apps/cli/flags.h"
#include "showo/generate/mask_sampler.h"
#include "showo/generate/text_sampler.h"

namespace showo::cli {

struct SamplingFlags {
  SamplingOptions options;
  std::string preset = "exact";
  void add_to(CLI::App& command);
  /// To be called when the command line was read. Throws Error naming the file and key.
  void settle(const CLI::App& command, const fs::path& model);
};

/// How the texts of a story are drawn: --text-temperature and --text-top-p.
void add_story_text_flags(CLI::App& command, TextOptions& options);

struct TextFlags {
  TextOptions options;
  void add_to(CLI::App& command);
  /// To be called when the command line was read: what was asked for happens, or a warning says why
  /// not.
  void settle(const CLI::App& command);
};

}  // namespace showo::cli
