#include "showo/generate/preset.h"

#include <algorithm>

namespace showo {

void apply_preset(const std::string& name, SamplingOptions& options) {
  if (name == "exact") return;
  if (name != "balanced" && name != "fast")
    throw UsageError(fmt::format("--preset {}: expected exact, balanced or fast", name));
  options.guided = 0.5;
  if (name == "fast") options.steps = std::max(1, options.steps / 2);
}

}  // namespace showo
