// How pictures are sampled, from the most general to the most particular: the published values, the
// model's own (sampling.json), a preset, flags.
#pragma once

#include "apps/cli/flags.h"
#include "showo/generate/mask_sampler.h"

namespace showo::cli {

struct SamplingFlags {
  SamplingOptions options;
  std::string preset = "exact";
  void add_to(CLI::App& command);
  /// To be called when the command line was read. Throws Error naming the file and key.
  void settle(const CLI::App& command, const fs::path& model);
};

}  // namespace showo::cli
