// Training of Show-o (paper 3.4 and 3.5): one trainer for every stage; stages and variants are
// recipes.
#pragma once

#include "showo/model/folder.h"
#include "showo/train/distillation.h"
#include "showo/train/loop.h"
#include "showo/train/recipe.h"

namespace showo {

/// A model on its streams. Its metrics are the three losses and their weighted sum over all
/// processes; a checkpoint's result is model/, a model folder, with its averages in model_ema/.
class ShowoTrainee : public Trainee {
 public:
  using Recipe = ShowoRecipe;
  /// Throws Error naming the key, file or tensor that does not fit.
  ShowoTrainee(const ShowoRecipe& recipe, const TrainerPlace& place);
  Showo model() { return model_; }

  torch::nn::Module& module() override { return *model_; }
  Streams& streams() override { return streams_; }
  Work draw(int64_t step) override;
  Json metrics(bool in_full) override;
  /// eval_t2i, eval_mmu, eval_lm and eval_loss.
  Json evaluate() override;
  void preview(const fs::path& file) override;
  void save(const fs::path& checkpoint, Ema& averages) override;
  void load(const fs::path& checkpoint, Ema& averages) override;
  Words words() const override { return {"train", "loss", "tokens"}; }

 private:
  enum : size_t { kT2i, kMmu, kLm, kStories };  // the streams' places, as checkpoints keep them
  Streams open(const DataOptions& data, uint64_t seed) const;
  std::vector<Batch> draw(Streams& streams, uint64_t seed, int64_t micro);
  std::vector<uint64_t> seeds_of(uint64_t seed, int64_t micro, int64_t rows) const;
  Losses losses(const Batch& batch, const TokenCounts& divisors);
  Counts counts_of(const std::vector<Batch>& batches);
  Losses zero() const;
  Losses summed(Losses losses);
  void check_tokenizers(const fs::path& model) const;

  ShowoRecipe recipe_;
  TrainerPlace place_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  Magvit codec_;
  Showo model_;
  Prompting prompting_;
  BatchMaker maker_;
  std::optional<Distillation> distillation_;
  Streams streams_;
  Losses losses_;  // of the step drawn last, on this process
};

class Trainer : public TrainerOf<ShowoTrainee> {
 public:
  using TrainerOf::TrainerOf;
  Showo model() { return trainee().model(); }
};

}  // namespace showo
