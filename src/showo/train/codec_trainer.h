// Training of the image tokenizer: reconstruction (L1 and L2) plus the lookup-free quantizer's
// commitment and entropy terms; if the recipe says so, the distance of features and a discriminator
// as VQGAN's (arXiv 2012.09841, section 3.1), and averaged weights.
#pragma once

#include "showo/codec/code_usage.h"
#include "showo/codec/features.h"
#include "showo/codec/magvit.h"
#include "showo/data/stream.h"
#include "showo/train/adversary.h"
#include "showo/train/ema.h"
#include "showo/train/run.h"

namespace showo {

struct CodecRecipe {
  CodecConfig codec;
  OptimizerOptions optimizer;
  std::string shards;
  int64_t image_size = 256, batch = 16, steps = 10000;
  double l1 = 1, l2 = 1, commitment = 1, entropy = 1, perceptual = 0, adversarial = 0;
  std::string features;
  int64_t adversarial_start = 0;
  AdversaryOptions discriminator;
  double ema = 0;
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
    v(perceptual, "perceptual", "weight of the feature distance; 0: none");
    v(features, "features", "folder of the feature network; alone, its distance is only logged");
    v(adversarial, "adversarial",
      "weight of the adversarial term beside its adaptive weight; 0: none");
    v(adversarial_start, "adversarial_start", "step at which the discriminator begins");
    v(discriminator, "discriminator", "the discriminator and its optimizer");
    v(ema, "ema", "decay of averaged weights, which are then the codec that is saved; 0: none");
    v(bf16, "bf16", "bf16 autocast");
    v(seed, "seed", "of initialisation and data order");
    v(log_every, "log_every", "steps between lines of metrics");
    v(checkpoint_every, "checkpoint_every", "steps between checkpoints");
    v(preview_every, "preview_every", "steps between preview pictures");
  }
  /// Throws Error naming the key.
  void check() const;
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
  /// A batch through the tokenizer, and how far what comes out is from it.
  struct Pass {
    torch::Tensor reconstruction, l1, l2;
    torch::Tensor feature_distance;  // undefined without a perceptual term
    torch::Tensor likeness;          // the weighted sum of these
    Quantized quantized;
  };
  Pass pass(const torch::Tensor& image);
  bool is_judged() const { return adversary_ && step_ >= recipe_.adversarial_start; }
  torch::Tensor adversarial_term(const Pass& pass, Json& line);
  void add_quality(const torch::Tensor& image, const Pass& pass, Json& line);
  torch::Tensor next_batch();
  TensorMap training_state() const;
  void resume();
  void preview();

  CodecRecipe recipe_;
  RunFolder folder_;
  Magvit codec_;
  SampleStream stream_;
  AdamW optimizer_;
  Ema ema_;
  FeatureNet features_{nullptr};
  std::unique_ptr<Adversary> adversary_;
  CodeUsage usage_;
  int64_t step_ = 0;
  torch::Tensor last_batch_;
};

}  // namespace showo
