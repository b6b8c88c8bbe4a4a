// Training of Show-o (paper 3.4 and 3.5): one trainer for every stage; stages and variants are
// recipes.
#pragma once

#include <optional>

#include "showo/data/stream.h"
#include "showo/dist/gradient_reducer.h"
#include "showo/model/folder.h"
#include "showo/train/ema.h"
#include "showo/train/epochs.h"
#include "showo/train/recipe.h"
#include "showo/train/run.h"

namespace showo {

class Trainer {
 public:
  /// Resumes when `folder` holds a checkpoint of this recipe, on however many processes.
  Trainer(const ShowoRecipe& recipe, const fs::path& folder, const TrainerPlace& place = {});
  /// To the recipe's last step; the result is FOLDER/checkpoint/model, a model folder. False when
  /// SIGINT or SIGTERM ended it before (core/signals.h): the step is finished and saved.
  bool run();
  /// One step; losses, norm and rate by name. A gradient that is not finite changes nothing and is
  /// told as "skipped"; the tenth in a row throws Error.
  Json step();
  /// Losses on held-out data, always the same: eval_t2i, eval_mmu, eval_lm, eval_loss.
  Json evaluate();
  void save();
  int64_t steps_done() const { return step_; }
  Showo model() { return model_; }

 private:
  struct Streams {
    std::optional<SampleStream> t2i, mmu, lm;
    std::vector<SampleStream*> present();
    std::vector<StreamPosition> positions();  // of those present
  };
  Streams open(const DataOptions& data, uint64_t seed) const;
  std::vector<Sample> take(std::optional<SampleStream>& stream, int64_t count);
  std::vector<Batch> draw(Streams& streams, uint64_t seed, int64_t micro);
  Losses losses(const Batch& batch, const TokenCounts& divisors);
  TokenCounts counts_of(const std::vector<Batch>& batches);
  Losses backward(const std::vector<Batch>& batches);
  bool update(double norm);
  void pass_epoch();
  Losses summed(Losses losses);
  TensorMap optimizer_state();
  void report(Json& line, double seconds);
  void resume();
  void check_tokenizers(const fs::path& model) const;
  void preview();

  ShowoRecipe recipe_;
  TrainerPlace place_;
  RunFolder folder_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  Magvit codec_;
  Showo model_;
  Prompting prompting_;
  BatchMaker maker_;
  std::vector<torch::Tensor> parameters_;
  std::vector<int> owners_;  // of the optimizer's state; empty when everyone keeps all
  AdamW optimizer_;
  Ema ema_;
  GradientReducer reducer_;
  Streams streams_;
  Epochs epochs_;
  StepGuard guard_;
  std::optional<RunLoop> loop_;  // while the run lasts
  bool all_stop_ = false;        // what the processes agreed on
  int64_t step_ = 0, tokens_ = 0;
  double waited_ = 0, best_ = std::numeric_limits<double>::infinity();
};

}  // namespace showo
