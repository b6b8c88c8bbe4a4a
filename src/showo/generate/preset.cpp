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

void write_own_sampling(const fs::path& model, const SamplingOptions& options) {
  const Json published = config_to_json(SamplingOptions()), said = config_to_json(options);
  Json own = Json::object();
  for (const auto& [key, value] : said.items()) {
    if (value != published.at(key)) own[key] = value;
  }
  if (!own.empty()) write_file_atomically(model / "sampling.json", own.dump() + "\n");
}

void apply_preset(const std::string& name, SamplingOptions& options) {
  if (name == "exact") return;
  if (name != "balanced" && name != "fast")
    throw OptionError("preset", name, "expected exact, balanced or fast");
  options.guided = 0.5;
  if (name == "fast") options.steps = std::max(1, options.steps / 2);
}

}  // namespace showo
