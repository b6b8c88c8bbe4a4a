// What a model has read: a row of tokens, and the keys and values of those it saw so far. What is
// appended to the row is read next, together with what other rows want.
#pragma once

#include "showo/generate/request.h"

namespace showo {

struct Context {
  Row row;
  KvCache cache;  // of the row's first tokens
  /// Where the next token would stand.
  int64_t next_position() const { return row.next_position(); }
  /// An independent context that shares what was read.
  Context fork() { return {row, cache.fork()}; }
};

/// The row's first tokens; no segment that sees itself is cut.
Row beginning_of(const Row& row, int64_t tokens);

/// What the context's row has beyond its cache; with `logits` those after the row's last token are
/// wanted. `features` [F, width]: of all the row's pictures that are seen so.
Request reading(Context& context, bool logits, const Tensor& features = {});
/// Reads all contexts at once → the logits [contexts, V] after each row's last token, fp32 on the
/// CPU. `features` of a lone context's row.
Tensor read(Network network, const std::vector<Context*>& contexts, const Tensor& features = {});

}  // namespace showo
