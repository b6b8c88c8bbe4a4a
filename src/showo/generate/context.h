// What a model has read: a row of tokens, and the keys and values of those it saw so far. What is
// appended to the row is read next, together with what other rows want.
#pragma once

#include "showo/model/showo.h"

namespace showo {

struct Context {
  Row row;
  KvCache cache;  // of the row's first tokens
  /// Where the next token would stand.
  int64_t next_position() const;
};

/// Reads what the contexts' rows have beyond their caches, all at once → the logits [contexts, V]
/// after each row's last token, fp32 on the CPU. `features` as Showo::hidden.
Tensor read(Showo& model, const std::vector<Context*>& contexts, const Tensor& features = {});
/// The same of a language model alone.
Tensor read(Backbone& model, const std::vector<Context*>& contexts);

}  // namespace showo
