// Of a call's tokens those whose results are wanted. A model's last layer makes keys and values of
// all, which later tokens may see, but computes the rest of these alone: of a picture's step the
// codes that are masked, of a text the last token, of what is only read none. T tokens, P of them.
#pragma once

#include <optional>

#include "showo/nn/attention.h"
#include "showo/nn/rope.h"

namespace showo {

struct Wanted {
  Tensor tokens_P;  // int64, sequence by sequence; undefined: all
  /// Of each sequence whom its wanted tokens see, as queries from the first on; none causal.
  std::vector<AttentionPlan> plans;

  bool all() const { return !tokens_P.defined(); }
  bool none() const { return !all() && tokens_P.size(0) == 0; }
  /// x [T, C] → [P, C].
  Tensor of(const Tensor& x_TC) const { return all() ? x_TC : x_TC.index_select(0, tokens_P); }
  Rope of(const Rope& rope) const;
};

/// A plan for some of its queries, each of a causal piece by itself; `before` the call's tokens
/// stand so many of the sequence. Nothing where that would be many pieces.
std::optional<AttentionPlan> plan_of(const AttentionPlan& plan, Span queries, int64_t before);

/// Attention of the wanted tokens alone: q [H, P, D], k and v [G, T, D] of all of this call's
/// tokens, which caches keep → [P, H, D]. Undefined if none is wanted.
Tensor attend_wanted(const Tensor& q_HPD, const Tensor& k_GTD, const Tensor& v_GTD,
                     const Sequences& sequences, int64_t layer, const Wanted& wanted);

}  // namespace showo
