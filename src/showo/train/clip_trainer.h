// Training of CLIP (Radford et al., arXiv 2103.00020, section 2.3): each caption is to find its
// picture, and each picture its caption, among those of a batch.
#pragma once

#include "showo/text/tokenizer.h"
#include "showo/train/loop.h"
#include "showo/vision/clip.h"

namespace showo {

struct ClipEvaluationOptions : EvaluationTimes {
  SourceConfig data;
  int64_t among = 100;
  template <class V>
  void visit(V& v) {
    EvaluationTimes::visit(v);
    v(data, "data", "held-out pictures with captions");
    v(among, "among", "pictures and captions of a held-out batch, among which one is to be found",
      between(1, 100'000));
  }
};

struct ClipRecipe : RunOptions {
  ClipRecipe() { optimizer.no_decay = {"bias", "norm", "class_embedding", "logit_scale"}; }
  ClipConfig clip;
  std::string tokenizer, init_from;
  SourceConfig data;
  int64_t batch = 64;
  ClipEvaluationOptions evaluation;
  template <class V>
  void visit(V& v) {
    v(clip, "clip", "both towers; vocab_size and eos_token_id are the tokenizer's");
    v(tokenizer, "tokenizer", "folder of the text tokenizer");
    v(init_from, "init_from", "folder of a CLIP of this shape to start from; empty: scratch");
    v(data, "data", "pictures with captions");
    v(batch, "batch", "pictures a step of one process, which are told apart from each other",
      between(2, 1'000'000));
    v(evaluation, "evaluation", "retrieval among held-out pictures and captions");
    RunOptions::visit(v);
  }
  /// Throws Error naming the key.
  void check() const;
};

/// CLIP on one stream of pictures with captions. Its metrics are the loss over all processes and
/// what similarities are multiplied by; a checkpoint's result is clip/, of averaged weights if the
/// recipe wants them.
class ClipTrainee : public Trainee {
 public:
  using Recipe = ClipRecipe;
  /// Throws Error naming the key, file or tensor that does not fit.
  ClipTrainee(const ClipRecipe& recipe, const TrainerPlace& place);
  Clip clip() { return clip_; }

  torch::nn::Module& module() override { return *clip_; }
  Streams& streams() override { return streams_; }
  Work draw(int64_t step) override;
  void moved() override { clip_->limit_scale(); }
  Json metrics(bool in_full) override;
  /// eval_loss, and the shares of captions that find their picture first (eval_picture) and of
  /// pictures that find their caption first (eval_caption); equal captions are one.
  Json evaluate() override;
  void save(const fs::path& checkpoint, Ema& averages) override;
  void load(const fs::path& checkpoint, Ema& averages) override;
  TensorMap state() override;
  void load_state(const TensorMap& state, const std::string& source) override;
  Words words() const override { return {"train-clip", "loss", "images"}; }

 private:
  struct Pairs {
    torch::Tensor pixels_B3SS, ids_BT;
    std::vector<std::string> captions;
  };
  Streams open(const SourceConfig& source, uint64_t seed) const;
  Pairs next(Streams& streams, int64_t count) const;
  torch::Tensor similarities(const Pairs& pairs);

  ClipRecipe recipe_;
  TrainerPlace place_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  Clip clip_;
  Streams streams_;
  torch::Tensor loss_;  // of the step drawn last, this process's share
};

class ClipTrainer : public TrainerOf<ClipTrainee> {
 public:
  using TrainerOf::TrainerOf;
  Clip clip() { return trainee().clip(); }
};

}  // namespace showo
