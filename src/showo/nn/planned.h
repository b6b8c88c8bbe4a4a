// Attention by plans for sequences that lie side by side without caches, as in training: one
// gradient for all of it on CPUs, and what the pieces of a plan see.
#pragma once

#include "showo/nn/attention.h"

namespace showo {

/// What is made of a call's sequences once, in the first layer, for all layers.
struct PackedPieces {
  virtual ~PackedPieces() = default;
};

/// What a piece's queries see of their sequence, in order: its `seen`, and for a causal piece its
/// own tokens, which stand `before` those of the call. Spans that touch are one.
std::vector<Span> seen_spans(const Piece& piece, int64_t before);
/// Those tokens of x [..., S, D]: a part of it where they are one span.
Tensor gathered(const Tensor& x, const std::vector<Span>& spans);

/// On the CPU, differentiable: q [H, T, D], k and v [G, T, D] → [T, H, D]. Neighbours of the same
/// plan are computed together; short sequences of whatever plans all at once under a mask, as
/// starting many small products would take longer than the masked scores.
Tensor attend_planned(const Tensor& q_HTD, const Tensor& k_GTD, const Tensor& v_GTD,
                      const Sequences& sequences);

}  // namespace showo
