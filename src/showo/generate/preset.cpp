#include "showo/generate/preset.h"

#include <algorithm>

#include "showo/core/config.h"
#include "showo/core/option_error.h"

namespace showo {

SamplingOptions own_sampling(const fs::path& model) {
  SamplingOptions options;
  const fs::path own = model / "sampling.json";
  if (!fs::exists(own)) return options;
  const Json said = read_json(own);
  if (!said.is_object()) fail("{}: expected keys and values", own.string());
  read_config(options, said, own.string());
  return options;
}

void apply_preset(const std::string& name, SamplingOptions& options) {
  if (name == "exact") return;
  if (name != "balanced" && name != "fast")
    throw OptionError("preset", name, "expected exact, balanced or fast");
  options.guided = 0.5;
  if (name == "fast") options.steps = std::max(1, options.steps / 2);
}

}  // namespace showo
