// Text alone (the paper's third kind of row): a language model that goes on with a text, and what a
// text costs it. Any model folder serves: a Show-o's, whose language model it then is, or a folder
// of Hugging Face's without any picture part.
#pragma once

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "showo/generate/completing.h"
#include "showo/generate/engine.h"
#include "showo/model/folder.h"
#include "showo/text/tokenizer.h"

namespace showo {

struct Perplexity {
  int64_t tokens = 0;  // that were predicted
  double nats = 0;     // their mean negative log-likelihood
  double perplexity() const { return std::exp(nats); }
};

class TextPipeline {
 public:
  /// `paths.model` is a Show-o folder or a language model's. Throws Error naming what is missing or
  /// does not fit.
  explicit TextPipeline(const ModelPaths& paths, torch::ScalarType dtype = torch::kFloat,
                        torch::Device device = torch::kCPU, std::optional<LowBits> low_bits = {},
                        std::optional<EngineLimits> limits = {});

  /// One continuation a seed (completing). A text begins with [SOT] where the model was trained so:
  /// Show-o and Llama.
  std::vector<Answer> complete(const std::string& prompt, const TextOptions& options,
                               const std::vector<uint64_t>& seeds,
                               const OnContinuation& on_text = {});
  /// Of a text of any length, in windows as long as the model's positions; each goes half a window
  /// back for what came before. Throws Error for a text without a token to predict.
  Perplexity perplexity(const std::string& text);

  Backbone& model() { return model_; }
  const Tokenizer& tokenizer() const { return *tokenizer_; }
  /// What begins a text, if anything, and what ends it.
  const TextEnds& ends() const { return ends_; }

 private:
  std::shared_ptr<const Tokenizer> tokenizer_;
  Backbone model_{nullptr};
  TextEnds ends_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace showo
