// The discriminator's side of tokenizer training: what it says of a reconstruction, and its own
// step.
#pragma once

#include "showo/codec/discriminator.h"
#include "showo/train/learner.h"

namespace showo {

struct AdversaryOptions {
  DiscriminatorConfig network;
  OptimizerOptions optimizer{
      .lr = 1e-4, .beta1 = 0.5, .beta2 = 0.9, .weight_decay = 0, .warmup_steps = 0};
  template <class V>
  void visit(V& v) {
    v(network, "network", "its shape and loss");
    v(optimizer, "optimizer", "its AdamW and schedule");
  }
};

class Adversary {
 public:
  Adversary(const AdversaryOptions& options, uint64_t seed, bool bf16, const TrainerPlace& place);
  /// How well a reconstruction passes for a picture, to be minimised by the tokenizer. The
  /// discriminator gets no gradient from it.
  Tensor verdict(const Tensor& reconstruction_B3HW);
  struct Pair {
    Tensor image_B3HW, reconstruction_B3HW;
  };
  /// One step towards telling the two apart, in each of a step's batches; returns the mean loss
  /// before it. A gradient that is not finite changes nothing; the tenth in a row throws Error.
  double learn(const std::vector<Pair>& batches, int64_t step, int64_t total_steps);
  /// Weights and moments, for checkpoints.
  TensorMap state();
  void load_state(const TensorMap& state, const std::string& source);

 private:
  AdversaryOptions options_;
  bool bf16_;
  TrainerPlace place_;
  Discriminator discriminator_;
  Learner learner_;
};

}  // namespace showo
