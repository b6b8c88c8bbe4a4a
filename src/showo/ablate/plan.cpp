#include "showo/ablate/plan.h"

#include <algorithm>
#include <map>

namespace showo {
namespace {

// FNV-1a (64 bits): the same on every machine.
std::string hash_of(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001b3;
  return fmt::format("{:010x}", hash & 0xffffffffff);
}

// Every "{name}" of the text as `meaning` has it; what has none stays, as braces of shards' names.
using Meaning = std::function<std::optional<std::string>(const std::string& name)>;
std::string replaced(const std::string& text, const Meaning& meaning) {
  std::string result;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text[at] == '{' ? text.find('}', at) : std::string::npos;
    if (end != std::string::npos) {
      if (const auto found = meaning(text.substr(at + 1, end - at - 1))) {
        result += *found;
        at = end + 1;
        continue;
      }
    }
    result += text[at++];
  }
  return result;
}

Json replaced(const Json& json, const Meaning& meaning) {
  if (json.is_string()) return replaced(json.get<std::string>(), meaning);
  if (!json.is_structured()) return json;
  Json result = json;
  for (auto& item : result) item = replaced(item, meaning);
  return result;
}

class Planner {
 public:
  Planner(const Study& study, const RecipeReader& recipes) : study_(study), recipes_(recipes) {}

  void add(const StudyRow& row, int64_t seed) {
    row_ = &row;
    seed_ = seed;
    trained_.clear();
    for (const Evaluation& evaluation : study_.evaluations) {
      if (!measures(evaluation, row.name)) continue;
      for (const auto& setting : settings_of(evaluation)) {
        plan_.cells.push_back({row.name, setting_name(setting), seed, evaluation.name,
                               evaluated(evaluation, setting)});
      }
    }
  }
  Plan take() { return std::move(plan_); }

 private:
  // Marks of stages become those of the steps that train them.
  Meaning marks(Step& step, size_t before) {
    return [this, &step, before](const std::string& name) -> std::optional<std::string> {
      if (name == "seed" && !step.trains()) return std::to_string(seed_);
      const auto stage = std::ranges::find(study_.stages, name, &Stage::name);
      if (stage == study_.stages.end()) return {};
      const auto index = static_cast<size_t>(stage - study_.stages.begin());
      if (index >= before)
        fail("{} '{}': {{{}}}: the stage does not come before it",
             step.trains() ? "stage" : "evaluation", step.name, name);
      const std::string id = trained(index);
      if (!std::ranges::count(step.needs, id)) step.needs.push_back(id);
      return fmt::format("{{{}}}", id);
    };
  }

  std::string trained(size_t index) {
    if (const auto found = trained_.find(index); found != trained_.end()) return found->second;
    const Stage& stage = study_.stages[index];
    Step step{.name = stage.name, .command = stage.command};
    Json recipe = recipe_of(study_, stage, *row_, recipes_);
    if (stage.seeded) recipe["seed"] = 100 * seed_ + recipe["seed"].get<int64_t>();
    recipe["keep"] = 1;
    step.recipe = replaced(recipe, marks(step, index));
    return trained_[index] = added(std::move(step), step.recipe.dump());
  }

  std::string evaluated(const Evaluation& evaluation, const std::vector<std::string>& setting) {
    Step step{.name = evaluation.name, .command = "eval"};
    std::vector<std::string> arguments = evaluation.arguments;
    arguments.insert(arguments.end(), setting.begin(), setting.end());
    arguments.insert(arguments.end(), {"--model", evaluation.model});
    for (const auto& argument : arguments)
      step.arguments.push_back(replaced(argument, marks(step, study_.stages.size())));
    return added(std::move(step), Json(step.arguments).dump());
  }

  std::string added(Step step, const std::string& what) {
    step.id = fmt::format("{}-{}", step.name, hash_of(step.command + "\n" + what));
    step.example = fmt::format("{}, seed {}", row_->name, seed_);
    const std::string id = step.id;
    if (known_.insert(id).second) plan_.steps.push_back(std::move(step));
    return id;
  }

  const Study& study_;
  const RecipeReader& recipes_;
  const StudyRow* row_ = nullptr;
  int64_t seed_ = 0;
  std::map<size_t, std::string> trained_;  // of this row and seed
  std::set<std::string> known_;
  Plan plan_;
};

}  // namespace

const Step& Plan::step(const std::string& id) const {
  return *std::ranges::find(steps, id, &Step::id);
}

Plan plan_of(const Study& study, const RecipeReader& recipes,
             const std::vector<std::string>& only) {
  for (const auto& name : only)
    if (std::ranges::find(study.rows, name, &StudyRow::name) == study.rows.end())
      throw UsageError(fmt::format("--only {}: the study has no row of that name", name));
  Planner planner(study, recipes);
  for (const int64_t seed : study.seeds)
    for (const StudyRow& row : study.rows)
      if (only.empty() || std::ranges::count(only, row.name)) planner.add(row, seed);
  return planner.take();
}

Json with_folders(const Step& step, const Json& value, const fs::path& out) {
  return replaced(value, [&](const std::string& id) -> std::optional<std::string> {
    if (!std::ranges::count(step.needs, id)) return {};
    return (run_folder(out, id) / "checkpoint").string();
  });
}

}  // namespace showo
