// A study of ablations: recipes that follow one another (stages), rows that each override some of
// their keys, seeds, what is measured of the trained models, and what is claimed of the figures.
// docs/ablations.md has the file's form.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "showo/core/config.h"

namespace showo {

/// One of the trainings that lead to a model: `showo COMMAND RECIPE`.
struct Stage {
  std::string name, command;
  Json recipe;         // every key, the stage's own overrides in it
  bool seeded = true;  // its seed follows the study's; else all seeds share one run
};

/// Values of one of the evaluation's flags.
struct Axis {
  std::string flag;
  std::vector<std::string> values;
};

/// `showo eval ARGUMENTS… --model MODEL --json`, once for every combination of the axes' values.
struct Evaluation {
  std::string name, model;
  std::vector<std::string> arguments;
  std::vector<Axis> settings;
  std::vector<std::string> rows;  // of these alone; none: of all
};

/// A number of an evaluation's output: what stands at path `value`, as a share of what stands at
/// `of`, in percent, where that is said (figures.h).
struct Figure {
  std::string name, evaluation, value, of;
};

struct StudyRow {
  std::string name;
  Json set = Json::object();                   // override by path, the stage's name first
  std::vector<std::optional<double>> paper{};  // the paper's figures, as the study lists them
};

/// A claim about lines (a row's name, or "row @ setting"): `higher` lies above `than`, or `near` it
/// by no more than `within`. Two names on a side are the difference of the first and the second.
struct Trend {
  std::string claim, figure;
  std::vector<std::string> left, right;
  std::optional<double> within;
};

struct Study {
  std::string source;  // its file, for messages
  std::string name, title, about;
  std::vector<int64_t> seeds;
  std::vector<Stage> stages;
  std::vector<Evaluation> evaluations;
  std::vector<Figure> figures;
  std::string paper_table;
  std::vector<std::string> paper_figures;
  std::vector<StudyRow> rows;
  std::vector<Trend> trends;
};

/// What a study asks of the trainers, which it knows nothing of.
struct RecipeReader {
  /// The recipe of a file, every key.
  std::function<Json(const std::string& command, const fs::path& path)> read;
  /// The same of values. Throws Error with `where` and the key that cannot be.
  std::function<Json(const std::string& command, const Json& recipe, const std::string& where)>
      complete;
};

/// Throws Error naming the file and the key, name or recipe that is wrong: every row's recipes are
/// made once.
Study read_study(const fs::path& path, const RecipeReader& recipes);

/// The stage's recipe with the row's overrides. Throws Error naming the file, the row and the key.
Json recipe_of(const Study& study, const Stage& stage, const StudyRow& row,
               const RecipeReader& recipes);

/// Every combination of values, as the evaluation's arguments ("--guidance", "5"), the last axis
/// first; one without any where there are no axes.
std::vector<std::vector<std::string>> settings_of(const Evaluation& evaluation);
/// "guidance 5, steps 18"; empty where there are none.
std::string setting_name(const std::vector<std::string>& setting);
/// What a table's line is called: the row, or "row @ setting".
std::string line_name(const std::string& row, const std::string& setting);
/// The lines that an evaluation has figures of, in the study's order.
std::vector<std::string> lines_of(const Study& study, const Evaluation& evaluation);
/// Whether it is made of the row.
bool measures(const Evaluation& evaluation, const std::string& row);
/// The file of a figure's picture: "answers, %" → "answers.svg".
std::string picture_name(const Figure& figure);
/// The evaluation that a figure of this name is taken from.
const Evaluation& evaluation_of(const Study& study, const std::string& figure);

}  // namespace showo
