#include "showo/prompt/omni_attention.h"

#include <ATen/ATen.h>

namespace showo {
namespace {

// Whether a segment's tokens see all of another one.
bool sees(const Segment& from, const Segment& to) {
  if (to.kind == SegmentKind::kPads) return false;
  if (to.group != 0 && to.group != from.group) return false;
  return to.begin < from.begin || to.open;
}

void add(std::vector<Span>& spans, Span span) {
  if (span.length() == 0) return;
  if (!spans.empty() && spans.back().end == span.begin) {
    spans.back().end = span.end;
  } else {
    spans.push_back(span);
  }
}

}  // namespace

at::Tensor allowed_attention(const Segments& segments) {
  using at::indexing::Slice;
  const int64_t length = length_of(segments);
  auto allowed = at::zeros({length, length}, at::kBool);
  for (const Segment& from : segments) {
    const Slice rows(from.begin, from.end());
    for (const Segment& to : segments) {
      if (sees(from, to)) allowed.index_put_({rows, Slice(to.begin, to.end())}, true);
    }
    const auto own = at::ones({from.length, from.length}, at::kBool);
    allowed.index_put_({rows, rows}, from.sees_itself_whole() ? own : own.tril());
  }
  return allowed;
}

AttentionPlan attention_plan(const Segments& segments, int64_t cached) {
  AttentionPlan plan;
  for (const Segment& from : segments) {
    if (from.end() <= cached || from.length == 0) continue;
    const int64_t begin = std::max(from.begin, cached);
    Piece piece{{begin - cached, from.end() - cached}, {}, false};
    piece.causal = !from.sees_itself_whole() && piece.queries.length() > 1;
    for (const Segment& to : segments) {
      const bool own = &to == &from;
      if (!own && sees(from, to)) add(piece.seen, {to.begin, to.end()});
      if (own) add(piece.seen, {from.begin, piece.causal ? begin : from.end()});
    }
    const bool as_before =
        !plan.empty() && !piece.causal && !plan.back().causal && plan.back().seen == piece.seen;
    if (as_before) {
      plan.back().queries.end = piece.queries.end;
    } else {
      plan.push_back(piece);
    }
  }
  return plan;
}

}  // namespace showo
