// Named trades of exactness for speed; docs/performance.md has what each costs.
#pragma once

#include "showo/generate/mask_sampler.h"

namespace showo {

/// exact: as published. balanced: guidance in the first half of the steps. fast: half as many steps
/// as well. Throws OptionError for other names.
void apply_preset(const std::string& name, SamplingOptions& options);

}  // namespace showo
