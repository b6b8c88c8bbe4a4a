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
    const auto nothing = [](const Tensor& t) { return torch::zeros(t.sizes(), t.options()); };
    const auto q_grad = torch::empty(q.sizes(), q.options()), k_grad = nothing(k),
               v_grad = nothing(v);
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

// Short sequences as rows of one length with a mask of who sees whom.
struct MaskedRows : PackedPieces {
  int64_t rows = 0, longest = 0;
  Tensor gather;      // int64 [rows·longest]: the tokens; those beyond a row's end are its first
  Tensor place;       // int64 [T]: where each token is among them
  Tensor allowed;     // bool [rows, 1, longest, longest]
  bool even = false;  // all rows are as long: nothing has to be gathered
};

constexpr int64_t kShort = 256;  // tokens of a sequence

// Null where sequences are long, or of such different lengths that half would be pads.
std::shared_ptr<const MaskedRows> masked_rows(const Sequences& sequences) {
  auto m = std::make_shared<MaskedRows>();
  int64_t tokens = 0;
  m->rows = std::ssize(sequences);
  for (const Sequence& sequence : sequences) {
    m->longest = std::max(m->longest, sequence.tokens);
    tokens += sequence.tokens;
  }
  if (m->longest > kShort || m->rows * m->longest > 2 * tokens) return nullptr;
  m->even = m->rows * m->longest == tokens;
  std::vector<int64_t> gather, place;
  m->allowed = torch::zeros({m->rows, 1, m->longest, m->longest}, torch::kBool);
  int64_t start = 0;
  for (int64_t row = 0; row < m->rows; ++row) {
    const Sequence& sequence = sequences[row];
    for (int64_t i = 0; i < m->longest; ++i) {
      if (i < sequence.tokens) place.push_back(std::ssize(gather));
      gather.push_back(start + (i < sequence.tokens ? i : 0));
    }
    start += sequence.tokens;
    const auto allowed = m->allowed[row][0];
    for (const Piece& piece : sequence.plan) {
      const int64_t count = piece.queries.length();
      const auto queries = allowed.narrow(0, piece.queries.begin, count);
      for (const Span& span : piece.seen) queries.narrow(1, span.begin, span.length()).fill_(true);
      if (piece.causal)
        queries.narrow(1, piece.queries.begin, count)
            .copy_(torch::ones({count, count}, torch::kBool).tril());
    }
    // What stands beyond the end must see something, or its softmax has no value.
    allowed.slice(0, sequence.tokens).slice(1, 0, 1).fill_(true);
  }
  m->gather = torch::tensor(gather);
  m->place = torch::tensor(place);
  return m;
}

Tensor attend_masked(const Tensor& q, const Tensor& k, const Tensor& v, const MaskedRows& m) {
  const auto rows = [&](const Tensor& x_HTD) {
    const auto gathered = m.even ? x_HTD : x_HTD.index_select(1, m.gather);
    return gathered.unflatten(1, {m.rows, m.longest}).transpose(0, 1);
  };
  const auto out = attend(rows(q), rows(k), rows(v), /*causal=*/false, m.allowed);
  const auto flat = out.transpose(1, 2).flatten(0, 1);  // [rows·longest, H, D]
  return m.even ? flat : flat.index_select(0, m.place);
}

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
  if (!sequences.packed) sequences.packed = masked_rows(sequences);
  if (const auto m = std::dynamic_pointer_cast<const MaskedRows>(sequences.packed))
    return attend_masked(q, k, v, *m);
  return Planned::apply(q, k, v, sequences);
}

}  // namespace showo
