// What every recipe says of its run, whatever is trained: keys that stand in each recipe beside its
// own.
#pragma once

#include "showo/train/optimizer.h"

namespace showo {

struct RunOptions {
  OptimizerOptions optimizer;
  std::vector<std::string> train, freeze;
  int64_t steps = 10000, accumulate = 1;
  bool bf16 = true, shard_optimizer = false;
  double ema = 0;
  uint64_t seed = 0;
  int64_t log_every = 50, checkpoint_every = 500, preview_every = 500, keep = 2;
  template <class V>
  void visit(V& v) {
    v(optimizer, "optimizer", "AdamW and its schedule");
    v(train, "train", "only parameters whose names begin with one of these learn; none: all");
    v(freeze, "freeze", "parameters whose names begin with one of these stay as they are");
    v(steps, "steps", "steps in all", at_least(1));
    v(accumulate, "accumulate", "batches a step, whose gradients are added up",
      between(1, 1'000'000));
    v(bf16, "bf16", "bf16 autocast; weights stay fp32");
    v(shard_optimizer, "shard_optimizer", "share the optimizer's state out among processes");
    v(ema, "ema", "decay of averaged weights; 0: none", Range{0, 0.9999999L});
    v(seed, "seed", "of initialisation, data order and whatever is drawn", any_number());
    v(log_every, "log_every", "steps between lines of metrics", at_least(0));
    v(checkpoint_every, "checkpoint_every", "steps between checkpoints", at_least(0));
    v(preview_every, "preview_every", "steps between preview pictures", at_least(0));
    v(keep, "keep", "last checkpoints to keep, besides the best", between(1, 1'000'000));
  }
  /// What the loop goes by, where a recipe has short forms of its own.
  RunOptions run() const { return *this; }
};

/// When a run is evaluated; a recipe adds on what.
struct EvaluationTimes {
  int64_t every = 0, batches = 8;
  template <class V>
  void visit(V& v) {
    v(every, "every", "steps between evaluations; 0: none", at_least(0));
    v(batches, "batches", "held-out batches, always the same ones", between(1, 1'000'000));
  }
};

}  // namespace showo
