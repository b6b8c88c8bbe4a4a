// How weights learn from the losses of a step: gradients summed over batches and processes,
// clipped, let pass when they are finite, then AdamW or Muon, whose state the processes may share
// out (ZeRO-1, arXiv 1910.02054).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "showo/dist/gradient_reducer.h"
#include "showo/train/place.h"
#include "showo/train/run.h"

namespace showo {

/// Lets those parameters of `module` learn whose names begin with one of `train` (empty: all) and
/// with none of `freeze`; the others get no gradient. Throws Error when a prefix names no parameter
/// or nothing is left to learn.
void choose_trained(torch::nn::Module& module, const std::vector<std::string>& train,
                    const std::vector<std::string>& freeze);

class Learner {
 public:
  struct Options {
    bool bf16 = false;                  // Muon's products, on devices that multiply it
    bool share_out = false;             // every process keeps a part of the optimizer's state
    std::string what = "the gradient";  // its name in messages
  };
  /// Of the parameters of `module` that require a gradient: what is frozen is neither summed nor
  /// decayed, and nothing is kept of it. `module` has to outlive this.
  Learner(torch::nn::Module& module, const OptimizerOptions& optimizer, const TrainerPlace& place,
          const Options& options);

  using Loss = std::function<torch::Tensor()>;
  /// Computes each loss and its gradients before the next; returns the norm of their sum over all
  /// processes, before it is clipped.
  double gradients(const std::vector<Loss>& losses);
  /// Moves the weights after `step` steps of `total`. False, and nothing moves, when `norm` is not
  /// finite; the tenth time in a row throws Error.
  bool step(double norm, int64_t step, int64_t total);
  /// How many steps in a row moved nothing.
  int64_t skipped() const { return guard_.skipped(); }

  /// As AdamW's, whole on the first process, whoever keeps the parts: where they are shared out,
  /// every process has to ask.
  TensorMap state();
  void load_state(const TensorMap& state, const std::string& source) {
    optimizer_.load_state(state, source);
  }

 private:
  torch::nn::Module& module_;
  OptimizerOptions options_;
  TrainerPlace place_;
  std::vector<std::string> names_;
  std::vector<torch::Tensor> parameters_;
  std::vector<int> owners_;  // of the optimizer's state; empty when everyone keeps all
  AdamW optimizer_;
  GradientReducer reducer_;
  StepGuard guard_;
};

}  // namespace showo
