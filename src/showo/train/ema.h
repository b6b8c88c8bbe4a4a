// Weight averaging: a copy of the weights that follows them slowly, ē ← d·ē + (1−d)·e after each
// step. What it gives is smoother than the last step's weights.
#pragma once

#include "showo/core/torch.h"

#include "showo/checkpoint/safetensors.h"

namespace showo {

class Ema {
 public:
  /// Starts at the module's weights. What is frozen is its own average. `decay` 0 turns it off:
  /// nothing is kept.
  Ema(const torch::nn::Module& module, double decay);
  bool enabled() const { return decay_ > 0; }
  /// After an optimizer step.
  void update();
  /// Averages by parameter name, for checkpoints.
  TensorMap state() const;
  void load_state(const TensorMap& state, const std::string& source);

  /// While it lives, the module holds the averages: to save, to evaluate, to draw previews.
  class Applied {
   public:
    explicit Applied(Ema& ema) : ema_(ema) { ema_.swap(); }
    ~Applied() { ema_.swap(); }
    Applied(const Applied&) = delete;
    Applied& operator=(const Applied&) = delete;

   private:
    Ema& ema_;
  };

 private:
  void swap();
  double decay_;
  std::vector<std::string> names_;
  std::vector<torch::Tensor> weights_, averages_;
};

}  // namespace showo
