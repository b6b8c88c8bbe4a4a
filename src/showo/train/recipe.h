// What a training run of Show-o is: stages and variants differ in nothing else.
#pragma once

#include "showo/data/source.h"
#include "showo/model/config.h"
#include "showo/model/losses.h"
#include "showo/train/batch.h"
#include "showo/train/optimizer.h"

namespace showo {

struct DataOptions {
  SourceConfig t2i, mmu, lm;
  template <class V>
  void visit(V& v) {
    v(t2i, "t2i", "pictures with captions to draw them from");
    v(mmu, "mmu", "pictures with captions or questions and answers");
    v(lm, "lm", "plain text");
  }
};

struct EvaluationOptions {
  int64_t every = 0, batches = 8;
  DataOptions data;
  template <class V>
  void visit(V& v) {
    v(every, "every", "steps between evaluations; 0: none", at_least(0));
    v(batches, "batches", "held-out batches, always the same ones", between(1, 1'000'000));
    v(data, "data", "held-out data; a stream without a path is left out");
  }
};

struct ShowoRecipe {
  LlmConfig llm;
  int64_t text_tokens = 128;
  std::string codec, tokenizer, init_from;
  DataOptions data;
  std::string mixing = "max_size_cycle";
  BatchOptions batch;
  int64_t accumulate = 1;
  OptimizerOptions optimizer;
  LossCoefficients coefficients;
  int64_t steps = 10000;
  bool bf16 = true, recompute = false, shard_optimizer = false;
  double ema = 0;
  uint64_t seed = 0;
  EvaluationOptions evaluation;
  std::vector<std::string> prompts;
  int64_t log_every = 50, checkpoint_every = 500, preview_every = 1000, keep = 2;
  template <class V>
  void visit(V& v) {
    v(llm, "llm", "dimensions of the language model; vocab_size is the tokenizer's");
    v(text_tokens, "text_tokens", "room for a prompt", between(2, 1 << 16));
    v(codec, "codec", "folder of the image tokenizer");
    v(tokenizer, "tokenizer", "folder of the text tokenizer");
    v(init_from, "init_from",
      "a Show-o folder or a language model's to start from; empty: scratch");
    v(data, "data", "the three streams");
    v(mixing, "mixing",
      "an epoch ends with the longest stream (max_size_cycle) or with the shortest, where all "
      "begin "
      "anew (min_size)");
    v(batch, "batch", "what a step of one process holds");
    v(accumulate, "accumulate", "batches a step, whose gradients are added up",
      between(1, 1'000'000));
    v(optimizer, "optimizer", "AdamW and its schedule");
    v(coefficients, "coefficients", "weights of the three losses");
    v(steps, "steps", "steps in all", at_least(1));
    v(bf16, "bf16", "bf16 autocast; weights stay fp32");
    v(recompute, "recompute", "keep no activations of a layer, compute them again");
    v(shard_optimizer, "shard_optimizer", "share the optimizer's state out among processes");
    v(ema, "ema", "decay of averaged weights, saved as model_ema; 0: none", Range{0, 0.9999999L});
    v(seed, "seed", "of initialisation, data order and masks", any_number());
    v(evaluation, "evaluation", "losses on held-out data");
    v(prompts, "prompts", "drawn in every preview; none: captions of the data");
    v(log_every, "log_every", "steps between lines of metrics", at_least(0));
    v(checkpoint_every, "checkpoint_every", "steps between checkpoints", at_least(0));
    v(preview_every, "preview_every", "steps between preview pictures", at_least(0));
    v(keep, "keep", "last checkpoints to keep, besides the best", between(1, 1'000'000));
  }
  /// Throws Error naming the key or source that cannot be right, whatever the files hold.
  void check() const;
};

}  // namespace showo
