// showo info of training: recipes, which are checked, runs and their checkpoints; and of reference
// cases.
#include <algorithm>
#include <fstream>

#include "apps/cli/info.h"
#include "showo/core/yaml_config.h"
#include "showo/train/clip_trainer.h"
#include "showo/train/codec_trainer.h"
#include "showo/train/recipe.h"

namespace showo::cli {
namespace {

Facts ordered(const Json& json) { return Facts::parse(json.dump()); }

// What of `json` is not as in `defaults`: what a recipe says.
Facts differing(const Json& json, const Json& defaults) {
  Facts facts = Facts::object();
  for (const auto& [key, value] : json.items()) {
    const Json other = defaults.is_object() ? defaults.value(key, Json()) : Json();
    if (value == other) continue;
    facts[key] = value.is_object() ? differing(value, other) : ordered(value);
  }
  return facts;
}

// What `visit` makes of an empty recipe of the kind that `json` is, and of what that trains.
template <class Visit>
auto of_its_kind(const Json& json, const Visit& visit) {
  if (json.contains("shards")) return visit(CodecRecipe(), "an image tokenizer");
  if (json.contains("clip") && json["clip"].is_object()) return visit(ClipRecipe(), "CLIP");
  return visit(ShowoRecipe(), "Show-o");
}

template <class Recipe>
Info recipe_of(Recipe recipe, const char* what) {
  recipe.check();
  const Json json = config_to_json(recipe);
  return {fmt::format("recipe of {}, {} steps; no mistake was found in it", what, recipe.steps),
          {{"kind", "recipe"},
           {"of", what},
           {"steps", recipe.steps},
           {"says", differing(json, config_to_json(Recipe()))}}};
}

// The last whole line, of a file that may be long.
Facts last_line(const fs::path& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return {};
  const auto size = static_cast<int64_t>(in.tellg());
  constexpr int64_t kEnd = 1 << 16;
  in.seekg(std::max<int64_t>(0, size - kEnd));
  Facts last;
  for (std::string line; std::getline(in, line);) {
    Facts json = Facts::parse(line, nullptr, /*allow_exceptions=*/false);
    if (json.is_object()) last = std::move(json);
  }
  return last;
}

RunState state_in(const fs::path& checkpoint) {
  const fs::path path = checkpoint / "state.json";
  RunState state;
  read_config(state, read_json(path), path.string());
  return state;
}

Info checkpoint_info(const fs::path& path) {
  const RunState state = state_in(path);
  Facts facts = {{"kind", "checkpoint"}, {"step", state.step}, {"epoch", state.epoch}};
  if (state.best) facts["best_loss"] = *state.best;
  std::vector<std::string> parts;
  for (const auto& item : fs::directory_iterator(path))
    if (item.is_directory()) parts.push_back(item.path().filename().string());
  std::ranges::sort(parts);
  facts["parts"] = parts;
  return {fmt::format("checkpoint of a training run after step {}", state.step), facts};
}

}  // namespace

std::optional<Info> run_info(const fs::path& path) {
  if (fs::exists(path / "state.json")) return checkpoint_info(path);
  if (!fs::exists(path / "recipe.json")) return {};
  const Json recipe = read_json(path / "recipe.json");
  if (!recipe.is_object()) fail("{}: expected a recipe", (path / "recipe.json").string());
  const auto [defaults, what] = of_its_kind(recipe, [](const auto& empty, const char* trained) {
    return std::pair(config_to_json(empty), trained);
  });
  const Checkpoints checkpoints(path);
  const auto newest = checkpoints.newest(), best = checkpoints.best();
  const int64_t step = newest ? state_in(*newest).step : 0;
  Facts facts = {{"kind", "training run"}, {"of", what}, {"saved_step", step}};
  facts["steps"] = ordered(recipe.value("steps", Json()));
  if (newest) facts["checkpoint"] = newest->string();
  if (best) facts["best"] = best->string();
  facts["last_metrics"] = last_line(path / "metrics.jsonl");
  facts["recipe"] = differing(recipe, defaults);
  return Info{fmt::format("training run of {}, {} of {} steps are saved", what, step,
                          facts["steps"].dump()),
              facts};
}

std::optional<Info> recipe_info(const fs::path& path) {
  if (fs::is_directory(path) || (path.extension() != ".yaml" && path.extension() != ".yml"))
    return {};
  return of_its_kind(read_yaml(path), [&](auto recipe, const char* what) {
    read_yaml_config(recipe, path);
    return recipe_of(recipe, what);
  });
}

std::optional<Info> case_info(const fs::path& path) {
  if (!fs::exists(path / "case.json")) return {};
  const Json json = read_json(path / "case.json");
  const Json said = json.is_object() ? json.value("kind", Json()) : Json();
  const std::string kind = said.is_string() ? said.get<std::string>() : "an unknown kind";
  return Info{fmt::format("reference case of {}", kind),
              {{"kind", "reference case"}, {"of", kind}}};
}

}  // namespace showo::cli
