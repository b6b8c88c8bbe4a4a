#include "showo/nn/wanted.h"

#include <algorithm>

#include "showo/nn/planned.h"

namespace showo {
namespace {

constexpr size_t kPieces = 8;  // more of them take longer than they save

}  // namespace

Rope Wanted::of(const Rope& rope) const {
  if (all()) return rope;
  Rope mine = rope;
  for (Tensor* part : {&mine.cos_B1TR, &mine.sin_B1TR}) *part = part->index_select(2, tokens_P);
  return mine;
}

std::optional<AttentionPlan> plan_of(const AttentionPlan& plan, Span queries, int64_t before) {
  AttentionPlan result;
  for (const Piece& piece : plan) {
    const Span part{std::max(piece.queries.begin, queries.begin),
                    std::min(piece.queries.end, queries.end)};
    if (part.length() <= 0) continue;
    const int64_t at = part.begin - queries.begin;
    if (!piece.causal) {
      result.push_back({{at, at + part.length()}, piece.seen});
      continue;
    }
    if (result.size() + static_cast<size_t>(part.length()) > kPieces) return {};
    for (int64_t i = 0; i < part.length(); ++i) {
      const Piece up_to_it{{piece.queries.begin, part.begin + i + 1}, piece.seen, true};
      result.push_back({{at + i, at + i + 1}, seen_spans(up_to_it, before)});
    }
  }
  return result;
}

Tensor attend_wanted(const Tensor& q, const Tensor& k, const Tensor& v, const Sequences& sequences,
                     int64_t layer, const Wanted& wanted) {
  std::vector<Tensor> attended;
  int64_t start = 0, first = 0;
  for (size_t i = 0; i < sequences.size(); ++i) {
    const Sequence& sequence = sequences[i];
    const KeyRuns runs = keys_of(sequence, layer, k.narrow(1, start, sequence.tokens),
                                 v.narrow(1, start, sequence.tokens));
    start += sequence.tokens;
    if (!q.defined() || wanted.plans[i].empty()) continue;
    const KeyRun all = joined(runs);
    for (const Piece& piece : wanted.plans[i]) {
      const int64_t queries = piece.queries.length();
      attended.push_back(attend(q.narrow(1, first, queries).unsqueeze(0),
                                gathered(all.keys, piece.seen).unsqueeze(0),
                                gathered(all.values, piece.seen).unsqueeze(0), false)[0]
                             .transpose(0, 1));
      first += queries;
    }
  }
  if (attended.empty()) return {};
  return attended.size() == 1 ? attended[0] : torch::cat(attended);
}

}  // namespace showo
