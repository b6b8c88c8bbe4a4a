// Training of Show-o: one trainer for every stage; stages and variants are recipes.
#pragma once

#include "showo/model/folder.h"
#include "showo/model/losses.h"
#include "showo/train/batch.h"
#include "showo/train/optimizer.h"
#include "showo/train/run.h"

namespace showo {

struct ShowoRecipe {
  LlmConfig llm;
  int64_t text_tokens = 128;
  std::string codec, tokenizer, init_from;
  std::string shards, text;
  BatchOptions batch;
  OptimizerOptions optimizer;
  LossCoefficients coefficients;
  int64_t steps = 10000;
  bool bf16 = true;
  uint64_t seed = 0;
  int64_t log_every = 50, checkpoint_every = 500, preview_every = 1000;
  template <class V>
  void visit(V& v) {
    v(llm, "llm", "dimensions of the language model; vocab_size is the tokenizer's");
    v(text_tokens, "text_tokens", "room for a prompt");
    v(codec, "codec", "folder of the image tokenizer");
    v(tokenizer, "tokenizer", "folder of the text tokenizer");
    v(init_from, "init_from", "a Show-o folder to start from; empty: from scratch");
    v(shards, "shards", "pictures with captions and questions");
    v(text, "text", "a file of plain text, a sample a line");
    v(batch, "batch", "what a step holds");
    v(optimizer, "optimizer", "AdamW and its schedule");
    v(coefficients, "coefficients", "weights of the three losses");
    v(steps, "steps", "steps in all");
    v(bf16, "bf16", "bf16 autocast");
    v(seed, "seed", "of initialisation, data order and masks");
    v(log_every, "log_every", "steps between lines of metrics");
    v(checkpoint_every, "checkpoint_every", "steps between checkpoints");
    v(preview_every, "preview_every", "steps between preview pictures");
  }
};

class Trainer {
 public:
  /// Resumes when `folder` holds a checkpoint of this recipe.
  Trainer(const ShowoRecipe& recipe, const fs::path& folder);
  /// To the recipe's last step; the result is FOLDER/checkpoint/model, a model folder.
  void run();
  /// One step; losses, norm and rate by name.
  Json step();
  void save();
  int64_t steps_done() const { return step_; }
  Showo model() { return model_; }

 private:
  std::vector<Sample> take(SampleStream& stream, int64_t count);
  std::vector<std::string> take_lines(int64_t count) const;
  Losses losses(const std::vector<Batch>& batches);
  void resume();
  void preview();

  ShowoRecipe recipe_;
  RunFolder folder_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  Magvit codec_;
  Showo model_;
  Prompting prompting_;
  BatchMaker maker_;
  SampleStream t2i_stream_, mmu_stream_;
  std::vector<std::string> lines_;
  AdamW optimizer_;
  int64_t step_ = 0, tokens_ = 0;
};

}  // namespace showo
