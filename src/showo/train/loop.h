// The one training loop (paper 3.5): steps, metrics, evaluation, previews, checkpoints, resumption,
// signals and processes, whatever is trained.
#pragma once

#include <limits>
#include <optional>

#include "showo/train/learner.h"
#include "showo/train/run_options.h"
#include "showo/train/trainee.h"

namespace showo {

class TrainingLoop {
 public:
  /// Resumes when `folder` holds a checkpoint, on however many processes. All that is passed by
  /// reference has to outlive the loop. Throws Error naming the key or file that is wrong.
  TrainingLoop(Trainee& trainee, const RunOptions& options, int64_t evaluate_every,
               RunFolder& folder, const TrainerPlace& place);
  /// To the last step. False when SIGINT or SIGTERM ended it before (core/signals.h): the step is
  /// finished and saved.
  bool run();
  /// One step; its losses, gradient's norm and learning rate by name. A gradient that is not finite
  /// changes nothing and is told as "skipped"; the tenth in a row throws Error.
  Json step();
  Json evaluate();
  void save();
  int64_t steps_done() const { return step_; }

 private:
  Counts agree(Counts counts);
  bool is_logged() const { return options_.log_every > 0 && step_ % options_.log_every == 0; }
  void report(Json& line, double seconds);
  void preview();
  void resume();

  Trainee& trainee_;
  RunOptions options_;
  int64_t evaluate_every_;
  RunFolder& folder_;
  TrainerPlace place_;
  Learner learner_;
  Ema ema_;
  std::optional<Pauses> pauses_;  // while the run lasts
  bool all_stop_ = false;         // what the processes agreed on
  int64_t step_ = 0, amount_ = 0;
  double best_ = std::numeric_limits<double>::infinity();
};

/// A run of a trainee of type T, which is made from its T::Recipe and a place.
template <class T>
class TrainerOf {
 public:
  using Recipe = typename T::Recipe;
  /// Resumes when `folder` holds a checkpoint of this recipe, on however many processes.
  TrainerOf(const Recipe& recipe, const fs::path& folder, const TrainerPlace& place = {})
      : folder_(folder, checked(recipe), place.group.leads()),
        trainee_(recipe, place),
        loop_(trainee_, recipe.run(), recipe.evaluation.every, folder_, place) {}
  bool run() { return loop_.run(); }
  Json step() { return loop_.step(); }
  Json evaluate() { return loop_.evaluate(); }
  void save() { loop_.save(); }
  int64_t steps_done() const { return loop_.steps_done(); }

 protected:
  T& trainee() { return trainee_; }

 private:
  static const Recipe& checked(const Recipe& recipe) {
    recipe.check();
    return recipe;
  }
  RunFolder folder_;
  T trainee_;
  TrainingLoop loop_;
};

}  // namespace showo
