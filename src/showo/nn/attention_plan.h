// Who may see whom, as a short list: omni-attention (paper 3.3) is made of rectangles and
// triangles, so no matrix of rows by columns is needed to compute it exactly.
#pragma once

#include <cstdint>
#include <vector>

namespace showo {

/// Neighbouring tokens of a sequence, from `begin` to before `end`.
struct Span {
  int64_t begin, end;
  int64_t length() const { return end - begin; }
  bool operator==(const Span&) const = default;
};

/// Neighbouring queries that see the same.
struct Piece {
  Span queries;            // among the tokens of a call, which are the sequence's newest
  std::vector<Span> seen;  // among all tokens of the sequence; each query sees them whole
  bool causal = false;     // each also sees those of its piece up to itself, not in `seen` then
  bool operator==(const Piece&) const = default;
};

/// In the order of the queries, every one of which belongs to one piece.
using AttentionPlan = std::vector<Piece>;

/// `tokens` that follow `before` others: each sees what came before it, and itself.
inline AttentionPlan causal_plan(int64_t tokens, int64_t before = 0) {
  Piece piece{{0, tokens}, {}, tokens > 1};
  const int64_t seen = before + (tokens > 1 ? 0 : tokens);
  if (seen > 0) piece.seen.push_back({0, seen});
  return {piece};
}

/// `tokens` of a sequence of `all`: each sees all.
inline AttentionPlan open_plan(int64_t tokens, int64_t all) { return {{{0, tokens}, {{0, all}}}}; }

}  // namespace showo
