// AdamW as published (β 0.9/0.999, eps 1e-8, decay 0.01 but none on parameters with certain words
// in their names), Muon instead of it on the matrices a recipe names, and the learning rate's
// warm-up and cosine.
#pragma once

#include "showo/core/torch.h"

#include <optional>

#include "showo/checkpoint/safetensors.h"
#include "showo/core/config.h"

namespace showo {

struct OptimizerOptions {
  double lr = 1e-4, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0.01;
  double min_lr = 0;
  int64_t warmup_steps = 5000;
  double clip = 0;
  std::vector<std::string> no_decay{"bias", "layer_norm.weight", "mlm_ln.weight",
                                    "embeddings.weight"};
  std::vector<std::string> muon{};
  template <class V>
  void visit(V& v) {
    v(lr, "lr", "learning rate after warm-up", at_least(0));
    v(beta1, "beta1", "decay of the gradient's mean", Range{0, 0.9999999L});
    v(beta2, "beta2", "decay of its square", Range{0, 0.9999999L});
    v(eps, "eps", "added to the root of the square", above(0));
    v(weight_decay, "weight_decay", "decoupled weight decay", at_least(0));
    v(min_lr, "min_lr", "learning rate at the end of the cosine", at_least(0));
    v(warmup_steps, "warmup_steps", "steps of linear warm-up", at_least(0));
    v(clip, "clip", "largest norm of the gradient; 0 does not clip", at_least(0));
    v(no_decay, "no_decay", "parameters whose name contains one of these do not decay");
    v(muon, "muon", "matrices and kernels whose name contains one of these are learned by Muon");
  }
};

/// Linear warm-up, then half a cosine from lr down to min_lr at `total` steps. `step` counts from
/// 0.
double learning_rate(const OptimizerOptions& options, int64_t step, int64_t total);

/// Whether Muon learns a parameter of this name: a matrix, or a convolution's kernel as one of
/// [out, in·height·width], and named. It keeps no squares.
bool takes_muon(const OptimizerOptions& options, const std::string& name,
                const torch::Tensor& parameter);

void zero_gradients(std::vector<torch::Tensor>& parameters);
/// Scales the gradients so that their norm is at most `most` (0: leaves them), and returns the norm
/// before.
double clip_gradients(const std::vector<torch::Tensor>& parameters, double most);

/// AdamW, but Muon for the matrices that options.muon names.
class AdamW {
 public:
  /// Over all of the module's parameters, or those of `names` alone. `bf16`: Muon's products are
  /// computed in bf16 where the device multiplies it; everything else is fp32.
  AdamW(const torch::nn::Module& module, OptimizerOptions options,
        const std::optional<std::vector<std::string>>& names = std::nullopt, bool bf16 = false);
  /// One step with the gradients as they are; parameters without one stay.
  void step(double lr);
  void zero_grad();
  /// Scales the gradients so that their norm is at most options.clip, and returns the norm before.
  double clip();
  /// Moments ("mean.", and but for Muon's "square.") and step counts ("step.") by parameter name,
  /// for checkpoints.
  TensorMap state() const;
  void load_state(const TensorMap& state, const std::string& source);

 private:
  struct Slot {
    std::string name;
    torch::Tensor parameter, mean, square, step;  // of Muon's, mean is the momentum, no square
    bool decays, muon;
  };
  // What one call of a rule steps.
  struct Group {
    std::vector<torch::Tensor> parameters, gradients, means, squares, steps;
  };
  Group group(bool muon, bool decays);
  OptimizerOptions options_;
  bool bf16_;
  std::vector<Slot> slots_;
};

}  // namespace showo
