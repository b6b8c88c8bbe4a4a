// What has to be run for a study: trainings and evaluations, each once, however many rows and seeds
// need it.
#pragma once

#include <set>

#include "showo/ablate/study.h"

namespace showo {

/// One child process. Its id is its name and a hash of all that its result depends on, so that what
/// was finished serves whatever study it is part of.
struct Step {
  std::string id{};
  std::string name;                      // the stage's or evaluation's
  std::string command;                   // train, train-codec, train-clip or eval
  Json recipe{};                         // a training's, with marks: "{clip-0a1b2c3d4e}/clip"
  std::vector<std::string> arguments{};  // an evaluation's, with such marks
  std::vector<std::string> needs{};      // the trainings that the marks name
  std::string example{};                 // a row and seed that need it, for messages
  bool trains() const { return command != "eval"; }
};

/// A figure's place: a row under a setting, a seed, and the step that measures it.
struct Cell {
  std::string row, setting;
  int64_t seed;
  std::string evaluation, step;
};

struct Plan {
  std::vector<Step> steps;  // each behind those that it needs
  std::vector<Cell> cells;
  const Step& step(const std::string& id) const;
};

/// Of the rows named, or of all. Throws Error naming a row that the study does not have, or a mark
/// that names a stage that comes later.
Plan plan_of(const Study& study, const RecipeReader& recipes,
             const std::vector<std::string>& only = {});

/// A step's recipe or an argument of its with each mark as the newest checkpoint's folder in `out`.
Json with_folders(const Step& step, const Json& value, const fs::path& out);

/// The folder of a training.
inline fs::path run_folder(const fs::path& out, const std::string& id) { return out / "runs" / id; }

}  // namespace showo
