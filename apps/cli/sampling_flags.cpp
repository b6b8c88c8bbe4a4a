#include "apps/cli/sampling_flags.h"

#include <spdlog/spdlog.h>

#include "showo/generate/preset.h"

namespace showo::cli {
namespace {

bool given(const CLI::App& command, const std::string& flag) {
  return command.get_option(flag)->count() > 0;
}

}  // namespace

void SamplingFlags::add_to(CLI::App& command) {
  command.option_defaults()->group("sampling");
  command
      .add_option("--preset", preset, "exact, balanced or fast; flags of their own go before it")
      ->capture_default_str();
  add_flags(command, options);
}

void SamplingFlags::settle(const CLI::App& command, const fs::path& model) {
  const Json typed = config_to_json(options);
  options = own_sampling(model);
  apply_preset(preset, options);
  Json values = config_to_json(options);
  for (const auto& [key, value] : typed.items())
    if (given(command, flag_name(key))) values[key] = value;
  read_config(options, values, "flags");
  if (options.order == "halton" && given(command, "--temperature"))
    spdlog::warn("--order halton goes by places alone: --temperature changes nothing");
  if (options.guidance == 0 && given(command, "--guided"))
    spdlog::warn("--guidance 0 draws without guidance: --guided changes nothing");
}

void add_story_text_flags(CLI::App& command, TextOptions& options) {
  command.option_defaults()->group("texts");
  add_number(command, "--text-temperature", options.temperature,
             "of the draw of texts; below 1 likely ones become likelier, 0 is greedy",
             between(0, 100));
  add_number(command, "--text-top-p", options.top_p,
             "texts are drawn among the likeliest tokens that together have this probability",
             above(0, 1));
}

void TextFlags::add_to(CLI::App& command) {
  command.option_defaults()->group("sampling");
  add_flags(command, options);
  CLI::Option* top_k = command.get_option("--top-k");
  top_k->description(top_k->get_description() +
                     ", as --temperature or --top-p without --top-k mean");
}

void TextFlags::settle(const CLI::App& command) {
  const bool shapes = given(command, "--temperature") || given(command, "--top-p"),
             limits = given(command, "--top-k");
  // Alone they ask for a draw, which the default, the likeliest token, is not.
  if (shapes && !limits) options.top_k = 0;
  options.check();
  if (options.top_k == 1 && shapes) {
    spdlog::warn("--top-k 1 takes the likeliest token: --temperature and --top-p change nothing");
  } else if (options.temperature == 0 && (limits || given(command, "--top-p"))) {
    spdlog::warn("--temperature 0 takes the likeliest token: --top-k and --top-p change nothing");
  }
}

}  // namespace showo::cli
