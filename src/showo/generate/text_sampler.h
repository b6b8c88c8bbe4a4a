// Text token by token (paper 3.5): the prompt is read once into the cache, then every new token
// reads only itself.
#pragma once

#include <functional>
#include <optional>

#include "showo/generate/context.h"

namespace showo {

struct TextOptions {
  int64_t max_tokens = 100;
  double temperature = 1;
  int64_t top_k = 1;
  double top_p = 1;
  template <class V>
  void visit(V& v) {
    v(max_tokens, "max_tokens", "longest answer in tokens", between(1, 100'000));
    v(temperature, "temperature", "of the draw; 0 is greedy", between(0, 100));
    v(top_k, "top_k", "draw among the k likeliest; 1 is greedy, 0 all", between(0, 10'000'000));
    v(top_p, "top_p", "draw among the likeliest that together have this probability", above(0, 1));
  }
  /// Throws OptionError.
  void check() const;
  /// Always the likeliest token: the other settings say nothing then.
  bool greedy() const { return top_k == 1 || temperature == 0; }
};

/// Logits [V] → the next token.
int64_t choose_token(const Tensor& logits_V, const TextOptions& options, at::Generator& random);

/// A text being written: what was read, the logits [V] after it, and its own draws.
struct Writing {
  Context context;
  Tensor logits_V;
  at::Generator random;
  std::vector<int64_t> tokens = {};
  bool complete = false;  // it came to its own end, rather than to the most tokens it may have
};

/// Sees every token with the logits that chose it and the place of its text.
using OnToken = std::function<void(size_t text, int64_t token, const Tensor& logits_V)>;

/// Continues all texts together, a token each a step; a text ends before `stop` (none: only at its
/// length), at max_tokens, or where what was read and written fills the model's positions. A text
/// comes out as it would alone. `on_token` may be empty.
void sample_texts(Backbone& model, std::vector<Writing>& texts, const TextOptions& options,
                  std::optional<int64_t> stop, const OnToken& on_token = {});

}  // namespace showo
