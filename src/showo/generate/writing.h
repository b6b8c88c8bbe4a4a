// A text being written (paper 3.5): what stands before it is read once into a cache, then every new
// token reads only itself. By Jacobi iteration (Show-o Turbo, arXiv 2502.05415) several tokens are
// computed at once, guessed before: each is the likeliest after those before it, so as far as the
// guesses were right it is what would have been written one by one. V vocabulary.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "showo/generate/context.h"
#include "showo/generate/text_sampler.h"
#include "showo/generate/token_step.h"

namespace showo {

/// Sees every token, the last included, with the logits [V] that chose it; false stops the text.
using OnToken = std::function<bool(int64_t token, const Tensor& logits_V)>;

class Writing {
 public:
  /// `stops` end the text; without any it ends at its length only: max_tokens, or where what was
  /// read and written fills the model's `positions`. The context outlives it; in the end its row
  /// has all tokens but the one that ended the text.
  Writing(Context& context, const TextOptions& options, std::vector<int64_t> stops,
          int64_t positions, uint64_t seed, OnToken on_token = {});

  /// The logits [V] after what stands before the text, or [n, V] of what request() wanted.
  void take(const Tensor& logits);
  /// The newest token's, and those of guesses at what follows it.
  Request request();
  /// The next token by itself on a GPU, in memory that keeps its place. Not where tokens are
  /// guessed, and not worth it near the end: false then.
  bool step_alone(const Network& network);

  /// Gives back what a recording holds.
  void release() { alone_.reset(); }

  bool done() const { return done_; }
  bool stopped() const { return stopped_; }  // by its callback
  /// Without the one that ended it.
  const std::vector<int64_t>& tokens() const { return tokens_; }
  /// It came to its own end, rather than to the most tokens it may have.
  bool complete() const { return complete_; }

 private:
  void add(const Tensor& logits_V);
  void guess(const Tensor& logits_nV);
  Context& context_;
  TextOptions options_;
  std::vector<int64_t> stops_;
  int64_t most_;  // tokens
  at::Generator random_;
  OnToken on_token_;
  std::vector<int64_t> tokens_;
  std::vector<int64_t> guesses_;  // behind the newest token
  bool done_ = false, stopped_ = false, complete_ = false;
  std::optional<TokenStep> alone_;
};

}  // namespace showo
