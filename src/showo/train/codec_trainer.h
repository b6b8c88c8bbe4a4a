// Training of the image tokenizer: reconstruction (L1 and L2) plus the lookup-free quantizer's
// commitment and entropy terms; if the recipe says so, the distance of features and a discriminator
// as VQGAN's (arXiv 2012.09841, section 3.1), and averaged weights.
#pragma once

#include "showo/codec/code_usage.h"
#include "showo/codec/features.h"
#include "showo/codec/magvit.h"
#include "showo/data/stream.h"
#include "showo/dist/gradient_reducer.h"
#include "showo/train/adversary.h"
#include "showo/train/ema.h"
#include "showo/train/place.h"
#include "showo/train/run.h"

namespace showo {

struct CodecEvaluationOptions {
  int64_t every = 0, batches = 8;
  SourceConfig shards;
  template <class V>
  void visit(V& v) {
    v(every, "every", "steps between evaluations; 0: none", at_least(0));
    v(batches, "batches", "held-out batches, always the same ones", between(1, 1'000'000));
    v(shards, "shards", "held-out pictures");
  }
};

struct CodecRecipe {
  CodecConfig codec;
  std::string init_from;
  bool freeze_encoder = false;
  OptimizerOptions optimizer;
  SourceConfig shards;
  int64_t image_size = 256, batch = 16, steps = 10000;
  double l1 = 1, l2 = 1, commitment = 1, entropy = 1, perceptual = 0, adversarial = 0;
  bool joint_entropy = false;
  std::string features;
  int64_t adversarial_start = 0;
  AdversaryOptions discriminator;
  double ema = 0;
  bool bf16 = true;
  uint64_t seed = 0;
  CodecEvaluationOptions evaluation;
  int64_t log_every = 50, checkpoint_every = 500, preview_every = 500, keep = 2;
  template <class V>
  void visit(V& v) {
    v(codec, "codec", "the tokenizer's shape");
    v(init_from, "init_from", "folder of a tokenizer of this shape to start from; empty: scratch");
    v(freeze_encoder, "freeze_encoder",
      "train the decoder alone: codes, and what a model learned of them, stay as they are");
    v(optimizer, "optimizer", "AdamW and its schedule");
    v(shards, "shards", "training pictures: webdataset shards, or any source of pictures");
    v(image_size, "image_size", "pixels a side", between(1, 1 << 14));
    v(batch, "batch", "pictures a step of one process", between(1, 1'000'000));
    v(steps, "steps", "steps in all", at_least(1));
    v(l1, "l1", "weight of the absolute error", at_least(0));
    v(l2, "l2", "weight of the squared error", at_least(0));
    v(commitment, "commitment", "weight of the commitment term (itself 0.1 as published)",
      at_least(0));
    v(entropy, "entropy", "weight of the entropy term (itself 0.1 as published)", at_least(0));
    v(joint_entropy, "joint_entropy", "entropy of whole codes' mean in place of each bit's");
    v(perceptual, "perceptual", "weight of the feature distance; 0: none", at_least(0));
    v(features, "features", "folder of the feature network; alone, its distance is only logged");
    v(adversarial, "adversarial",
      "weight of the adversarial term beside its adaptive weight; 0: none", at_least(0));
    v(adversarial_start, "adversarial_start", "step at which the discriminator begins",
      at_least(0));
    v(discriminator, "discriminator", "the discriminator and its optimizer");
    v(ema, "ema", "decay of averaged weights, which are then the codec that is saved; 0: none",
      Range{0, 0.9999999L});
    v(bf16, "bf16", "bf16 autocast");
    v(seed, "seed", "of initialisation and data order", any_number());
    v(evaluation, "evaluation", "reconstruction of held-out pictures");
    v(log_every, "log_every", "steps between lines of metrics", at_least(0));
    v(checkpoint_every, "checkpoint_every", "steps between checkpoints", at_least(0));
    v(preview_every, "preview_every", "steps between preview pictures", at_least(0));
    v(keep, "keep", "last checkpoints to keep, besides the best", between(1, 1'000'000));
  }
  /// Throws Error naming the key.
  void check() const;
};

class CodecTrainer {
 public:
  /// Resumes when `folder` holds a checkpoint of this recipe, on however many processes.
  CodecTrainer(const CodecRecipe& recipe, const fs::path& folder, const TrainerPlace& place = {});
  /// To the recipe's last step; the result is FOLDER/checkpoint/codec. False when SIGINT or SIGTERM
  /// ended it before (core/signals.h): the step is finished and saved.
  bool run();
  /// One step; losses by name, of the first process's pictures. A gradient that is not finite
  /// changes nothing and is told as "skipped"; the tenth in a row throws Error.
  Json step();
  /// Held-out pictures of all processes, always the same: eval_psnr, and eval_loss, the weighted
  /// sum of the reconstruction's terms, by which a checkpoint is the best.
  Json evaluate();
  void save();
  int64_t steps_done() const { return step_; }
  Magvit codec() { return codec_; }

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
  SampleStream open(const SourceConfig& source, uint64_t seed, StreamPosition at = {}) const;
  torch::Tensor next_batch(SampleStream& stream) const;
  double backward(const torch::Tensor& loss);
  TensorMap training_state() const;
  void resume();
  void preview();

  CodecRecipe recipe_;
  TrainerPlace place_;
  RunFolder folder_;
  Magvit codec_;
  SampleStream stream_;
  AdamW optimizer_;
  Ema ema_;
  GradientReducer reducer_;
  StepGuard guard_;
  std::optional<RunLoop> loop_;  // while the run lasts
  bool all_stop_ = false;        // what the processes agreed on
  FeatureNet features_{nullptr};
  std::unique_ptr<Adversary> adversary_;
  CodeUsage usage_;
  int64_t step_ = 0;
  double best_ = std::numeric_limits<double>::infinity();
  torch::Tensor last_batch_;
};

}  // namespace showo
