// The draw of a text's next token.
#pragma once

#include <ATen/core/Generator.h>

#include "showo/core/config.h"
#include "showo/nn/layers.h"

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

}  // namespace showo
