// Named trades of exactness for speed; docs/performance.md has what each costs.
#pragma once

#include "showo/core/files.h"
#include "showo/generate/mask_sampler.h"

namespace showo {

/// What a model's folder says in its sampling.json draws it best; the published values where it
/// says nothing. Throws Error naming the file and key.
SamplingOptions own_sampling(const fs::path& model);

/// exact: as published. balanced: guidance in the first half of the steps. fast: half as many steps
/// as well. Throws OptionError for other names.
void apply_preset(const std::string& name, SamplingOptions& options);

}  // namespace showo
