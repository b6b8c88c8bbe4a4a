// Named trades of exactness for speed; docs/performance.md has what each costs.
#pragma once

#include "showo/core/files.h"
#include "showo/generate/mask_sampler.h"

namespace showo {

/// What a model's folder says in its sampling.json draws it best; the published values where it
/// says nothing. Throws Error naming the file and key.
SamplingOptions own_sampling(const fs::path& model);
/// Writes what differs from the published values into the folder's sampling.json; nothing if none
/// does.
void write_own_sampling(const fs::path& model, const SamplingOptions& options);

/// exact: as published. balanced: guidance in the first half of the steps. fast: half as many steps
/// as well. Throws OptionError for other names.
void apply_preset(const std::string& name, SamplingOptions& options);

}  // namespace showo
