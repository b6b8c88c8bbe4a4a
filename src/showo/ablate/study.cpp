#include "showo/ablate/study.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "showo/ablate/section.h"

namespace showo {
namespace {

std::string quoted(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

template <class Items>
std::vector<std::string> names_of(const Items& items) {
  std::vector<std::string> names;
  for (const auto& item : items) names.push_back(item.name);
  return names;
}

// Names that folders and files are called by.
void check_file_name(const std::string& name, const std::string& where) {
  const bool plain = !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  if (!plain || name == "seed")
    fail("{}: expected a name of small letters, digits, - and _ (and not seed)", where);
}

void check_known(const std::string& name, const std::vector<std::string>& known, const char* what,
                 const std::string& where) {
  if (!std::ranges::count(known, name))
    fail("{}: no {} '{}'; there are: {}", where, what, name, quoted(known));
}

template <class Items>
void check_single(const Items& items, const char* what, const std::string& where) {
  std::set<std::string> seen;
  for (const auto& item : items)
    if (!seen.insert(item.name).second) fail("{}: {} '{}' stands twice", where, what, item.name);
}

// "batch.schedule" of a recipe with every key. What it has no place for is an error here, what the
// last name may not be is one when the recipe is completed.
void override_key(Json& recipe, const std::string& path, const Json& value,
                  const std::string& where) {
  Json* at = &recipe;
  size_t begin = 0;
  for (size_t dot; (dot = path.find('.', begin)) != std::string::npos; begin = dot + 1) {
    const std::string key = path.substr(begin, dot - begin);
    if (!at->is_object() || !at->contains(key))
      fail("{}: {}: the recipe has no '{}'", where, path, path.substr(0, dot));
    at = &(*at)[key];
  }
  const std::string key = path.substr(begin);
  if (!at->is_object() || key.empty())
    fail("{}: {}: '{}' has no keys", where, path, path.substr(0, begin ? begin - 1 : 0));
  Json& place = (*at)[key];
  if (place.is_object() && value.is_object()) {
    place.merge_patch(value);
  } else {
    place = value;
  }
}

Json map_or_empty(Section& section, const char* key) {
  const Json value = section.value(key);
  if (value.is_null()) return Json::object();
  return Section(value, fmt::format("{}: {}", section.where(), key)), value;
}

Stage read_stage(Section section, const RecipeReader& recipes) {
  Stage stage;
  stage.name = section.take_name("stage");
  const std::string where = section.where();
  check_file_name(stage.name, where);
  stage.command = section.text_or("command", "train");
  stage.seeded = section.flag_or("seeded", true);
  const std::string recipe = section.text("recipe");
  const Json set = map_or_empty(section, "set");
  section.end();
  check_known(stage.command, {"train", "train-codec", "train-clip"}, "command", where);
  stage.recipe = recipes.read(stage.command, recipe);
  for (const auto& [key, value] : set.items())
    override_key(stage.recipe, key, value, where + ": set");
  stage.recipe = recipes.complete(stage.command, stage.recipe, where);
  return stage;
}

Evaluation read_evaluation(Section section, const std::vector<Stage>& stages) {
  Evaluation evaluation;
  evaluation.name = section.take_name("evaluation");
  const std::string where = section.where();
  check_file_name(evaluation.name, where);
  const std::string trained = stages.empty() ? "" : fmt::format("{{{}}}/model", stages.back().name);
  evaluation.model = section.text_or("model", trained);
  if (evaluation.model.empty()) fail("{}: model is missing, and there are no stages", where);
  evaluation.arguments = section.texts("arguments");
  if (evaluation.arguments.empty()) fail("{}: arguments are missing", where);
  for (const char* own : {"--model", "--json", "--device"})
    if (std::ranges::count(evaluation.arguments, own))
      fail("{}: {} is not to be given", where, own);
  for (Section& part : section.sections("settings", "settings")) {
    Axis axis{part.text("flag"), part.texts("values")};
    part.end();
    if (axis.values.empty()) fail("{}: values are missing", part.where());
    evaluation.settings.push_back(std::move(axis));
  }
  evaluation.rows = section.texts("rows");
  section.end();
  return evaluation;
}

Figure read_figure(Section section) {
  Figure figure;
  figure.name = section.take_name("figure");
  figure.evaluation = section.text("evaluation");
  figure.value = section.text("value");
  figure.of = section.text_or("of", "");
  section.end();
  return figure;
}

StudyRow read_row(Section section, const Study& study) {
  StudyRow row;
  row.name = section.take_name("row");
  row.set = map_or_empty(section, "set");
  const Json paper = section.value("paper");
  section.end();
  if (row.name.find(" @ ") != std::string::npos)
    fail("{}: expected a name without ' @ '", section.where());
  if (paper.is_null()) return row;
  if (!paper.is_array() || paper.size() != study.paper_figures.size())
    fail("{}: paper: expected {} numbers, one for each of the study's", section.where(),
         study.paper_figures.size());
  for (const Json& figure : paper) {
    if (!figure.is_number() && !figure.is_null())
      fail("{}: paper: expected numbers or null, found {}", section.where(),
           config_detail::shown(figure));
    row.paper.push_back(figure.is_null() ? std::nullopt : std::optional(figure.get<double>()));
  }
  return row;
}

Trend read_trend(Section section) {
  Trend trend;
  trend.claim = section.text("claim");
  trend.figure = section.text("figure");
  trend.within = section.number("within");
  trend.left = section.texts(trend.within ? "near" : "higher");
  trend.right = section.texts(trend.within ? "to" : "than");
  section.end();
  for (const auto& side : {trend.left, trend.right}) {
    if (side.size() != trend.left.size() || side.empty() || side.size() > 2)
      fail("{}: expected higher and than, or near, to and within: a line's name each, or two",
           section.where());
  }
  return trend;
}

std::vector<int64_t> read_seeds(Section& section) {
  std::vector<int64_t> seeds;
  const Json found = section.value("seeds");
  const auto whole = [](const Json& seed) {
    return seed.is_number_unsigned() || (seed.is_number_integer() && seed >= 0);
  };
  if (!found.is_array() || found.empty() || !std::ranges::all_of(found, whole))
    fail("{}: seeds: expected a list of whole numbers", section.where());
  for (const Json& seed : found) seeds.push_back(seed.get<int64_t>());
  if (std::set(seeds.begin(), seeds.end()).size() != seeds.size())
    fail("{}: seeds: one stands twice", section.where());
  return seeds;
}

// What has to be there under its name.
void check_names(const Study& study, const std::string& where) {
  check_single(study.stages, "stage", where);
  check_single(study.evaluations, "evaluation", where);
  check_single(study.figures, "figure", where);
  check_single(study.rows, "row", where);
  for (const auto& [items, what] : {std::pair{study.rows.size(), "rows"},
                                    {study.evaluations.size(), "evaluations"},
                                    {study.figures.size(), "figures"}})
    if (items == 0) fail("{}: {} are missing", where, what);
  std::set<std::string> pictures;
  for (const Figure& figure : study.figures)
    if (!pictures.insert(picture_name(figure)).second)
      fail("{}: figure '{}': another one's picture is {} too", where, figure.name,
           picture_name(figure));
  const auto rows = names_of(study.rows);
  for (const Evaluation& evaluation : study.evaluations)
    for (const auto& row : evaluation.rows)
      check_known(row, rows, "row", fmt::format("{}: evaluation '{}'", where, evaluation.name));
  for (const Figure& figure : study.figures)
    check_known(figure.evaluation, names_of(study.evaluations), "evaluation",
                fmt::format("{}: figure '{}'", where, figure.name));
  for (const Trend& trend : study.trends) {
    const std::string here = fmt::format("{}: trend '{}'", where, trend.claim);
    check_known(trend.figure, names_of(study.figures), "figure", here);
    const auto lines = lines_of(study, evaluation_of(study, trend.figure));
    for (const auto& side : {trend.left, trend.right})
      for (const auto& line : side) check_known(line, lines, "row", here);
  }
}

// Every row's recipes can be made.
void check_overrides(const Study& study, const RecipeReader& recipes) {
  for (const StudyRow& row : study.rows) {
    for (const auto& [key, value] : row.set.items()) {
      const std::string where = fmt::format("{}: row '{}': set", study.source, row.name);
      check_known(key.substr(0, key.find('.')), names_of(study.stages), "stage", where);
      if (key.find('.') == std::string::npos)
        fail("{}: {}: expected a stage's name, a dot and a key of its recipe", where, key);
    }
    for (const Stage& stage : study.stages) recipe_of(study, stage, row, recipes);
  }
}

}  // namespace

Study read_study(const fs::path& path, const RecipeReader& recipes) {
  Section section(read_yaml(path), path.string());
  Study study;
  study.source = path.string();
  study.name = section.text_or("name", path.stem().string());
  study.title = section.text("title");
  study.about = section.text_or("about", "");
  study.seeds = read_seeds(section);
  for (Section& part : section.sections("stages", "stage"))
    study.stages.push_back(read_stage(part, recipes));
  for (Section& part : section.sections("evaluations", "evaluation"))
    study.evaluations.push_back(read_evaluation(part, study.stages));
  for (Section& part : section.sections("figures", "figure"))
    study.figures.push_back(read_figure(part));
  if (const Json paper = section.value("paper"); !paper.is_null()) {
    Section part(paper, fmt::format("{}: paper", path.string()));
    study.paper_table = part.text("table");
    study.paper_figures = part.texts("figures");
    part.end();
  }
  for (Section& part : section.sections("rows", "row")) study.rows.push_back(read_row(part, study));
  for (Section& part : section.sections("trends", "trend"))
    study.trends.push_back(read_trend(part));
  section.end();
  check_names(study, path.string());
  check_overrides(study, recipes);
  return study;
}

Json recipe_of(const Study& study, const Stage& stage, const StudyRow& row,
               const RecipeReader& recipes) {
  Json recipe = stage.recipe;
  const std::string where = fmt::format("{}: row '{}': {}", study.source, row.name, stage.name),
                    begin = stage.name + ".";
  for (const auto& [key, value] : row.set.items())
    if (key.starts_with(begin)) override_key(recipe, key.substr(begin.size()), value, where);
  return recipes.complete(stage.command, recipe, where);
}

}  // namespace showo
