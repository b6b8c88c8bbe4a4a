#include "showo/generate/preset.h"

#include <algorithm>

#include "showo/core/option_error.h"

namespace showo {

void apply_preset(const std::string& name, SamplingOptions& options) {
  if (name == "exact") return;
  if (name != "balanced" && name != "fast")
    throw OptionError("preset", name, "expected exact, balanced or fast");
  options.guided = 0.5;
  if (name == "fast") options.steps = std::max(1, options.steps / 2);
}

}  // namespace showo
