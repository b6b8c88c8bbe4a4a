// Training of the image tokenizer: reconstruction (L1 and L2) plus the lookup-free quantizer's
// commitment and entropy terms.
#pragma once

#include "showo/codec/magvit.h"
#include "showo/data/stream.h"
#include "showo/train/optimizer.h"
#include "showo/train/run.h"

namespace showo {

struct CodecRecipe {
  CodecConfig codec;
  OptimizerOptions optimizer;
  std::string shards;
  int64_t image_size = 256, batch = 16, steps = 10000;
  double l1 = 1, l2 = 1, commitment = 1, entropy = 1;
  bool bf16 = true;
  uint64_t seed = 0;
  int64_t log_every = 50, checkpoint_every = 500, preview_every = 500;
  template <class V>
  void visit(V& v) {
    v(codec, "codec", "the tokenizer's shape");
    v(optimizer, "optimizer", "AdamW and its schedule");
    v(shards, "shards", "training shards: a folder, a file or a brace range");
    v(image_size, "image_size", "pixels a side");
    v(batch, "batch", "pictures a step");
    v(steps, "steps", "steps in all");
    v(l1, "l1", "weight of the absolute error");
    v(l2, "l2", "weight of the squared error");
    v(commitment, "commitment", "weight of the commitment term (itself 0.1 as published)");
    v(entropy, "entropy", "weight of the entropy term (itself 0.1 as published)");
    v(bf16, "bf16", "bf16 autocast");
    v(seed, "seed", "of initialisation and data order");
    v(log_every, "log_every", "steps between lines of metrics");
    v(checkpoint_every, "checkpoint_every", "steps between checkpoints");
    v(preview_every, "preview_every", "steps between preview pictures");
  }
};

class CodecTrainer {
 public:
  /// Resumes when `folder` holds a checkpoint of this recipe.
  CodecTrainer(const CodecRecipe& recipe, const fs::path& folder);
  /// To the recipe's last step; the result is FOLDER/checkpoint/codec.
  void run();
  /// One step's losses by name.
  Json step();
  void save();
  int64_t steps_done() const { return step_; }

 private:
  torch::Tensor next_batch();
  void resume();
  void preview();

  CodecRecipe recipe_;
  RunFolder folder_;
  Magvit codec_;
  SampleStream stream_;
  AdamW optimizer_;
  int64_t step_ = 0;
  torch::Tensor last_batch_;
};

}  // namespace showo
