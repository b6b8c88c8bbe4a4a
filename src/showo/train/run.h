// What every training run shares: bf16 autocast, its folder with metrics and checkpoints, and
// resumption.
#pragma once

#include "showo/core/torch.h"

#include <functional>
#include <optional>

#include "showo/core/config.h"
#include "showo/core/log.h"
#include "showo/core/signals.h"
#include "showo/data/walk.h"
#include "showo/dist/group.h"
#include "showo/train/checkpoints.h"
#include "showo/train/events.h"
#include "showo/train/folder_lock.h"
#include "showo/train/optimizer.h"

namespace showo {

/// Says so when a recipe wants what the device cannot.
void explain_precision(bool wants_bf16, torch::DeviceType device);

/// bf16 autocast for products and convolutions while it lives, on devices that multiply bf16;
/// weights stay fp32. What it made of a weight serves until the outermost one ends: a weight must
/// not change before.
class Autocast {
 public:
  explicit Autocast(bool enabled, torch::DeviceType device = torch::kCPU);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  torch::DeviceType device_;
  bool before_;
};

/// Lets a step pass whose gradient is finite. Any other changes nothing and counts; the tenth in a
/// row throws Error.
class StepGuard {
 public:
  /// `what` names the gradient in messages: "the gradient".
  explicit StepGuard(std::string what = "the gradient") : what_(std::move(what)) {}
  /// `module` is what the gradient is of: the tenth names its weight, if one is to blame.
  bool passes(double norm, int64_t step, const torch::nn::Module& module);
  /// How many steps in a row did not pass.
  int64_t skipped() const { return skipped_; }

 private:
  std::string what_;
  int64_t skipped_ = 0;
};

/// How far a run is: a checkpoint's state.json.
struct RunState {
  int64_t step = -1;
  std::vector<StreamPosition> streams;  // of all processes, one process after another
  int64_t epoch = 0;
  std::vector<StreamPosition> epoch_begin;
  std::optional<double> best;
  template <class V>
  void visit(V& v) {
    v(step, "step", "steps done", at_least(0));
    v(streams, "streams", "places in the data");
    v(epoch, "epoch", "epochs passed", at_least(0));
    v(epoch_begin, "epoch_begin", "where in the data this epoch began");
    v(best, "best", "least loss of an evaluation", any_number());
  }
};

/// Whether a run's results depend on a recipe's key of this name, wherever it stands: a run that
/// goes on may have other values of the others.
bool changes_results(const std::string& key);

/// runs/NAME: recipe.json, metrics.jsonl and TensorBoard events, previews/ and the checkpoints.
/// Whatever moment a run is killed at, its newest checkpoint is a whole one.
class RunFolder {
 public:
  /// Throws Error when the folder holds a run of another recipe, or another run is writing into it.
  /// What changes no result may differ and is told, and so may steps, so that a run can be
  /// prolonged; a key that the saved recipe lacks, being older, has its default. Of several
  /// processes only the first `writes`.
  template <class Recipe>
  RunFolder(const fs::path& folder, const Recipe& recipe, bool writes = true)
      : RunFolder(folder, config_to_json(recipe), config_to_json(Recipe()), writes) {}
  /// The checkpoint from which the run goes on, if there is one.
  const std::optional<fs::path>& start() const { return start_; }
  /// Its state. Throws Error naming the file and key that are wrong.
  RunState state() const;
  fs::path previews() const { return folder_ / "previews"; }
  /// Says so when the run goes on with other `steps` than before, and the learning rate therefore
  /// with a jump. `step` are done.
  void explain_rate(const OptimizerOptions& options, int64_t step, int64_t steps) const;

  /// The run goes on after `step`: what was logged of later ones, by a run that was killed, is cut
  /// off, so that nothing is logged twice.
  void open_logs(int64_t step);
  void log(const Json& line);

  /// As Checkpoints::save, with the state beside what `fill` writes.
  void save(const RunState& state, int64_t keep, const std::function<void(const fs::path&)>& fill);
  void mark_best() { checkpoints_.mark_best(); }

 private:
  RunFolder(const fs::path& folder, const Json& recipe, const Json& defaults, bool writes);
  void compare(const Json& before, const Json& now);
  fs::path folder_;
  std::optional<FolderLock> lock_;
  Checkpoints checkpoints_;
  std::optional<fs::path> start_;
  std::optional<int64_t> steps_before_;  // where the first process goes on
  std::unique_ptr<MetricsFile> metrics_;
  std::unique_ptr<EventFile> events_;
};

/// What stands before the name of a value that is not finite: it is never saved over one that is.
std::string not_saved(int64_t step);

/// What happens between two steps, and when.
struct PauseOptions {
  int64_t steps, evaluate_every, preview_every, checkpoint_every;
  std::function<Json()> evaluate;
  std::function<void()> preview, save;  // a preview is drawn by the first process alone
};

/// The pauses of a run. SIGINT or SIGTERM while one lives asks it to stop after the step.
class Pauses {
 public:
  Pauses(PauseOptions options, RunFolder& folder, Group group, double& best)
      : options_(std::move(options)), folder_(folder), group_(std::move(group)), best_(best) {}
  /// Whether this process was asked to stop. All have to stop after the same step: what they agreed
  /// on is told to after().
  bool asked() const { return request_.stands(); }
  /// After a step: evaluates, draws and saves what is due. A step that was `skipped` is no reason
  /// to let a checkpoint go: saving then waits for one that passes. False when the run stops here.
  bool after(int64_t step, bool skipped, bool all_stop);

 private:
  PauseOptions options_;
  RunFolder& folder_;
  Group group_;
  double& best_;
  bool owed_ = false;
  StopRequest request_;
};

/// 8-bit picture rows of a preview: [B, 3, H, W] in [−1, 1] stacked below each other, one PNG.
void write_preview(const fs::path& path, const std::vector<torch::Tensor>& rows_B3HW);

}  // namespace showo
