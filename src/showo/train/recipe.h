// What a training run of Show-o is: stages and variants differ in nothing else.
#pragma once

#include "showo/data/source.h"
#include "showo/model/config.h"
#include "showo/model/losses.h"
#include "showo/options.h"
#include "showo/train/batch.h"
#include "showo/train/distillation.h"
#include "showo/train/run_options.h"

namespace showo {

struct DataOptions {
  SourceConfig t2i, mmu, lm, stories;
  template <class V>
  void visit(V& v) {
    v(t2i, "t2i", "pictures with captions to draw them from");
    v(mmu, "mmu", "pictures with captions or questions and answers");
    v(lm, "lm", "plain text");
    v(stories, "stories", "sequences of texts and pictures");
  }
};

struct EvaluationOptions : EvaluationTimes {
  DataOptions data;
  template <class V>
  void visit(V& v) {
    EvaluationTimes::visit(v);
    v(data, "data", "held-out data; a stream without a path is left out");
  }
};

struct ShowoRecipe : RunOptions {
  ShowoRecipe() { preview_every = 1000; }
  LlmConfig llm;
  int64_t text_tokens = 128;
  std::string codec, tokenizer, init_from;
  std::string vision, magvit_features = "map", tower, attention;
  DataOptions data;
  std::string mixing = "max_size_cycle";
  BatchOptions batch;
  LossCoefficients coefficients;
  DistillationOptions distillation;
  bool recompute = false;
  EvaluationOptions evaluation;
  std::vector<std::string> prompts;
  SamplingOptions sampling;
  template <class V>
  void visit(V& v) {
    v(llm, "llm",
      "dimensions of a new language model; vocab_size is the tokenizer's. qk_norm: none leaves out "
      "Show-o's, also of a language model to start from");
    v(text_tokens, "text_tokens", "room for a prompt", between(2, 1 << 16));
    v(codec, "codec", "folder of the image tokenizer");
    v(tokenizer, "tokenizer", "folder of the text tokenizer");
    v(init_from, "init_from",
      "a Show-o folder or a language model's to start from; empty: scratch");
    v(vision, "vision",
      "how pictures are seen that are asked about: discrete, magvit or clip; empty: as init_from's "
      "model does, or discrete");
    v(magvit_features, "magvit_features",
      "latent (a channel a bit of the code) or map (the encoder's last feature map)");
    v(tower, "tower",
      "folder of the CLIP-ViT of vision: clip; empty: the one inside init_from's model");
    v(attention, "attention",
      "who sees whom: omni (a picture sees itself whole) or causal; empty: as init_from's model "
      "has it, or omni");
    v(data, "data", "what is learned from: the streams");
    v(mixing, "mixing",
      "an epoch ends with the longest stream (max_size_cycle) or with the shortest, where all "
      "begin "
      "anew (min_size)");
    v(batch, "batch", "what a step of one process holds");
    v(coefficients, "coefficients", "weights of the three losses");
    v(distillation, "distillation",
      "pictures are learned from a teacher that draws them in many steps, to be drawn in few");
    v(recompute, "recompute", "keep no activations of a layer, compute them again");
    v(evaluation, "evaluation", "losses on held-out data");
    v(prompts, "prompts", "drawn in every preview; none: captions of the data");
    v(sampling, "sampling", "how they are drawn, and the model is from then on: its sampling.json");
    RunOptions::visit(v);
  }
  /// The CLIP-ViT's folder: `tower`, or the one inside the model to start from.
  fs::path tower_folder() const {
    return tower.empty() ? fs::path(init_from) / "clip" : fs::path(tower);
  }
  /// Throws Error naming the key or source that cannot be right, whatever the files hold.
  void check() const;
};

}  // namespace showo
