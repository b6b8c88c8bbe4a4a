// What is trained: all that a run's loop (train/loop.h) does not know. One more trainer is one of
// these with its recipe, and a line in apps/cli/train.cpp.
#pragma once

#include <functional>
#include <vector>

#include "showo/train/ema.h"
#include "showo/train/streams.h"

namespace showo {

using Counts = std::vector<double>;

/// A step's batches: drawn, not yet computed.
struct Work {
  /// What the losses' means are over, of this process.
  Counts counts;
  /// Each computes the loss of one batch, given the counts of all processes. It is this process's
  /// share of a mean: gradients are summed over batches and processes.
  std::vector<std::function<torch::Tensor(const Counts&)>> losses;
  int64_t amount = 0;  // of what Words::unit says
};

class Trainee {
 public:
  virtual ~Trainee() = default;

  /// What learns. Its parameters' names are those that recipes and checkpoints know.
  virtual torch::nn::Module& module() = 0;
  virtual Streams& streams() = 0;

  /// The next samples of all batches of a step. `step` are done; whatever is random follows from
  /// it, so that a run that goes on needs no random state.
  virtual Work draw(int64_t step) = 0;
  /// The weights have moved: what else learns from the step's batches does so.
  virtual void moved() {}
  /// Losses by name, of the step drawn last; called on all processes. Those that are costly and
  /// only told are left out unless `in_full`.
  virtual Json metrics(bool in_full) = 0;

  /// Figures on held-out data, always the same and of all processes; the least "eval_loss" is the
  /// best. The module holds the averages, if any are kept.
  virtual Json evaluate() = 0;
  /// A picture file to look at, of the averages too; by the first process alone. None by default.
  virtual void preview(const fs::path&) {}

  /// The module, as whoever uses it loads it, in one or more folders of a checkpoint; by the first
  /// process alone. Whether it is saved with its averages or beside them is the trainee's to say.
  virtual void save(const fs::path& checkpoint, Ema& averages) = 0;
  /// Throws Error naming what is wrong with it.
  virtual void load(const fs::path& checkpoint, Ema& averages) = 0;
  /// What else training goes on from: the checkpoint's training.safetensors. None by default.
  virtual TensorMap state() { return {}; }
  virtual void load_state(const TensorMap&, const std::string& /*source*/) {}

  struct Words {
    const char* command;   // as in `showo command`
    const char* headline;  // the figure of metrics() that is shown while the run goes on
    const char* unit;      // what speed is counted in: "images"
  };
  virtual Words words() const = 0;
};

}  // namespace showo
