// Training of the image tokenizer: reconstruction (L1 and L2) plus the lookup-free quantizer's
// commitment and entropy terms; if the recipe says so, the distance of features and a discriminator
// as VQGAN's (arXiv 2012.09841, section 3.1), and averaged weights.
#pragma once

#include "showo/codec/code_usage.h"
#include "showo/codec/features.h"
#include "showo/codec/magvit.h"
#include "showo/train/adversary.h"
#include "showo/train/loop.h"

namespace showo {

struct CodecEvaluationOptions : EvaluationTimes {
  SourceConfig shards;
  template <class V>
  void visit(V& v) {
    EvaluationTimes::visit(v);
    v(shards, "shards", "held-out pictures");
  }
};

struct CodecRecipe : RunOptions {
  CodecConfig codec;
  std::string init_from;
  bool freeze_encoder = false;
  SourceConfig shards;
  int64_t image_size = 256, batch = 16;
  double l1 = 1, l2 = 1, commitment = 1, entropy = 1, perceptual = 0, adversarial = 0;
  bool joint_entropy = false;
  std::string features;
  int64_t adversarial_start = 0;
  AdversaryOptions discriminator;
  CodecEvaluationOptions evaluation;
  template <class V>
  void visit(V& v) {
    v(codec, "codec", "the tokenizer's shape");
    v(init_from, "init_from", "folder of a tokenizer of this shape to start from; empty: scratch");
    v(freeze_encoder, "freeze_encoder",
      "short for freeze: [encoder.]; codes, and what a model learned of them, stay as they are");
    v(shards, "shards", "training pictures: webdataset shards, or any source of pictures");
    v(image_size, "image_size", "pixels a side", between(1, 1 << 14));
    v(batch, "batch", "pictures a step of one process", between(1, 1'000'000));
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
    v(evaluation, "evaluation", "reconstruction of held-out pictures");
    RunOptions::visit(v);
  }
  /// Throws Error naming the key.
  void check() const;
  RunOptions run() const;
};

/// A tokenizer on one stream of pictures. Its metrics are of the first process's; a checkpoint's
/// result is codec/, of averaged weights if the recipe wants them.
class CodecTrainee : public Trainee {
 public:
  using Recipe = CodecRecipe;
  /// Throws Error naming the key, file or tensor that does not fit.
  CodecTrainee(const CodecRecipe& recipe, const TrainerPlace& place);
  Magvit codec() { return codec_; }

  torch::nn::Module& module() override { return *codec_; }
  Streams& streams() override { return streams_; }
  Work draw(int64_t step) override;
  void moved() override;
  Json metrics(bool in_full) override;
  /// eval_psnr, and eval_loss, the weighted sum of the reconstruction's terms.
  Json evaluate() override;
  void preview(const fs::path& file) override;
  void save(const fs::path& checkpoint, Ema& averages) override;
  void load(const fs::path& checkpoint, Ema& averages) override;
  TensorMap state() override;
  void load_state(const TensorMap& state, const std::string& source) override;
  Words words() const override { return {"train-codec", "psnr", "images"}; }

 private:
  /// A batch through the tokenizer, and how far what comes out is from it.
  struct Pass {
    torch::Tensor reconstruction, l1, l2;
    torch::Tensor feature_distance;  // undefined without a perceptual term
    torch::Tensor likeness;          // the weighted sum of these
    Quantized quantized;
  };
  /// What is left of it after its backward pass.
  struct Seen {
    Adversary::Pair pictures;
    torch::Tensor codes_BN;
    std::vector<std::pair<std::string, torch::Tensor>> terms;  // scalars, as metrics call them
  };
  Pass pass(const torch::Tensor& image);
  bool is_judged() const { return adversary_ && step_ >= recipe_.adversarial_start; }
  torch::Tensor loss(const torch::Tensor& image);
  torch::Tensor adversarial_term(const Pass& pass, Seen& seen);
  void add_quality(Json& line);
  Streams open(const SourceConfig& source, uint64_t seed) const;
  torch::Tensor next_batch(Streams& streams) const;

  CodecRecipe recipe_;
  TrainerPlace place_;
  Magvit codec_;
  Streams streams_;
  FeatureNet features_{nullptr};
  std::unique_ptr<Adversary> adversary_;
  CodeUsage usage_;
  // of the step drawn last
  int64_t step_ = 0;
  std::vector<Seen> seen_;
  std::optional<double> discriminator_loss_;
  torch::Tensor last_batch_;
};

class CodecTrainer : public TrainerOf<CodecTrainee> {
 public:
  using TrainerOf::TrainerOf;
  Magvit codec() { return trainee().codec(); }
};

}  // namespace showo
