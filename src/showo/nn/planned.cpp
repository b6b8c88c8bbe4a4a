#include "showo/nn/planned.h"

#include "showo/nn/attend_cpu.h"

namespace showo {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Neighbouring sequences of one plan.
struct Rows {
  int64_t first, count, tokens;
  const AttentionPlan* plan;
};

std::vector<Rows> rows_of(const Sequences& sequences) {
  std::vector<Rows> groups;
  int64_t start = 0;
  for (const Sequence& sequence : sequences) {
    const bool same = !groups.empty() && groups.back().tokens == sequence.tokens &&
                      *groups.back().plan == sequence.plan;
    if (!same) groups.push_back({start, 0, sequence.tokens, &sequence.plan});
    ++groups.back().count;
    start += sequence.tokens;
  }
  return groups;
}

// The tokens of a span in every row: of x [H, T, D] the part [rows, H, t, D], without a copy.
Tensor part_of(const Tensor& x, const Rows& rows, Span span) {
  return x.as_strided({rows.count, x.size(0), span.length(), x.size(2)},
                      {rows.tokens * x.stride(1), x.stride(0), x.stride(1), x.stride(2)},
                      x.storage_offset() + (rows.first + span.begin) * x.stride(1));
}

Tensor part_of(const Tensor& x, const Rows& rows, const std::vector<Span>& spans) {
  std::vector<Tensor> parts;
  for (const Span& span : spans) parts.push_back(part_of(x, rows, span));
  return parts.size() == 1 ? parts[0] : torch::cat(parts, 2);
}

void add_to(const Tensor& x, const Rows& rows, const std::vector<Span>& spans, const Tensor& grad) {
  int64_t at = 0;
  for (const Span& span : spans) {
    part_of(x, rows, span).add_(grad.narrow(2, at, span.length()));
    at += span.length();
  }
}

struct Plans : torch::CustomClassHolder {
  explicit Plans(Sequences s) : sequences(std::move(s)) {}
  Sequences sequences;
};

struct Planned : torch::autograd::Function<Planned> {
  static Tensor forward(AutogradContext* ctx, const Tensor& q, const Tensor& k, const Tensor& v,
                        const Sequences& sequences) {
    at::AutoDispatchBelowAutograd below;
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
    const auto result = torch::empty({q.size(1), q.size(0), q.size(2)}, q.options());
    const auto out_HTD = result.transpose(0, 1);
    variable_list kept = {q, k, v, result};
    for (const Rows& rows : rows_of(sequences)) {
      for (const Piece& piece : *rows.plan) {
        const auto keys = seen_spans(piece, 0);
        const auto [out, sums] = attend_cpu(part_of(q, rows, piece.queries), part_of(k, rows, keys),
                                            part_of(v, rows, keys), piece.causal);
        part_of(out_HTD, rows, piece.queries).copy_(out);
        kept.push_back(sums);
      }
    }
    ctx->save_for_backward(kept);
    ctx->saved_data["plans"] = c10::IValue::make_capsule(c10::make_intrusive<Plans>(sequences));
    return result;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
    const auto kept = ctx->get_saved_variables();
    const auto &q = kept[0], &k = kept[1], &v = kept[2];
    const auto holder = ctx->saved_data["plans"].toCapsule();
    const auto& sequences = static_cast<Plans*>(holder.get())->sequences;
    const auto grad = grads[0].to(q.scalar_type()).transpose(0, 1), out = kept[3].transpose(0, 1);
    const auto empty = [](const Tensor& t) { return torch::zeros(t.sizes(), t.options()); };
    const auto q_grad = empty(q), k_grad = empty(k), v_grad = empty(v);
    size_t next = 4;
    for (const Rows& rows : rows_of(sequences)) {
      for (const Piece& piece : *rows.plan) {
        const auto keys = seen_spans(piece, 0);
        const auto found = attend_cpu_backward(
            part_of(grad, rows, piece.queries), {part_of(out, rows, piece.queries), kept[next++]},
            part_of(q, rows, piece.queries), part_of(k, rows, keys), part_of(v, rows, keys),
            piece.causal);
        part_of(q_grad, rows, piece.queries).copy_(found.q_BHTD);
        add_to(k_grad, rows, keys, found.k_BGSD);
        add_to(v_grad, rows, keys, found.v_BGSD);
      }
    }
    return {q_grad, k_grad, v_grad, {}};
  }
};

}  // namespace

std::vector<Span> seen_spans(const Piece& piece, int64_t before) {
  auto spans = piece.seen;
  if (piece.causal) {
    const Span own{piece.queries.begin + before, piece.queries.end + before};
    if (!spans.empty() && spans.back().end == own.begin) {
      spans.back().end = own.end;
    } else {
      spans.push_back(own);
    }
  }
  return spans;
}

Tensor gathered(const Tensor& x, const std::vector<Span>& spans) {
  std::vector<Tensor> parts;
  for (const Span& span : spans) parts.push_back(x.narrow(-2, span.begin, span.length()));
  return parts.size() == 1 ? parts[0] : torch::cat(parts, -2);
}

Tensor attend_planned(const Tensor& q, const Tensor& k, const Tensor& v,
                      const Sequences& sequences) {
  return Planned::apply(q, k, v, sequences);
}

}  // namespace showo
