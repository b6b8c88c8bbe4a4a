// Attention as every model here uses it: who may see whom is told by a plan, never decided, and
// keys and values may be cached. The sequences of a call lie side by side on one axis of T tokens.
// H heads, G ≤ H of keys and values (H a multiple: grouped-query attention, arXiv 2305.13245), S
// tokens of a sequence in all, D head size.
#pragma once

#include "showo/core/torch.h"

#include <memory>
#include <vector>

#include "showo/nn/attention_plan.h"
#include "showo/nn/kv_cache.h"

namespace showo {

/// What a call computes of one sequence: how many tokens, whom they see, and where its earlier ones
/// are (null: there are none). Tokens follow the earlier ones, or with `places` they take the
/// places of some of them.
struct Sequence {
  int64_t tokens;
  AttentionPlan plan;
  KvCache* cache = nullptr;
  Tensor places{};  // int64 [tokens]
  /// bool [tokens, S] in place of a plan: for what is not made of a few pieces, and for recordings,
  /// which find only what changes in a tensor.
  Tensor allowed{};
};

struct PackedPieces;
struct Sequences : std::vector<Sequence> {
  using std::vector<Sequence>::vector;
  /// What is made of them in the first layer, for all (planned.h).
  mutable std::shared_ptr<const PackedPieces> packed;
};

/// All keys and values of a sequence: this call's [G, tokens, D], which its cache keeps, and those
/// before.
KeyRuns keys_of(const Sequence& sequence, int64_t layer, const Tensor& k_GTD, const Tensor& v_GTD);

/// softmax(q·kᵀ/√D)·v of one sequence a row: q [B, H, T, D], k and v [B, G, S, D] → [B, H, T, D].
/// Causal: the T queries are the last of S. `allowed`: bool, to be expanded to [B, H, T, S], or
/// undefined.
Tensor attend(const Tensor& q_BHTD, const Tensor& k_BGSD, const Tensor& v_BGSD, bool causal,
              const Tensor& allowed = {});

/// The same of all sequences by their plans: q [H, T, D], k and v [G, T, D] of this call's tokens →
/// [T, H, D].
Tensor attend(const Tensor& q_HTD, const Tensor& k_GTD, const Tensor& v_GTD,
              const Sequences& sequences, int64_t layer);

}  // namespace showo
