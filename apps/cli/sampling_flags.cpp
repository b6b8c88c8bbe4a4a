#include "apps/cli/sampling_flags.h"

#include "showo/generate/preset.h"

namespace showo::cli {

void SamplingFlags::add_to(CLI::App& command) {
  command
      .add_option("--preset", preset, "exact, balanced or fast; flags of their own go before it")
      ->capture_default_str();
  add_flags(command, options);
}

void SamplingFlags::settle(const CLI::App& command, const fs::path& model) {
  const Json given = config_to_json(options);
  options = {};
  const fs::path own = model / "sampling.json";
  if (fs::exists(own)) {
    const Json said = read_json(own);
    if (!said.is_object()) fail("{}: expected keys and values", own.string());
    read_config(options, said, own.string());
  }
  apply_preset(preset, options);
  Json values = config_to_json(options);
  for (const auto& [key, value] : given.items()) {
    if (command.get_option(flag_name(key))->count() > 0) values[key] = value;
  }
  read_config(options, values, "flags");
}

}  // namespace showo::cli
