#include "showo/nn/attend_packed_gpu.h"

#include "showo/nn/planned.h"

namespace showo {

// The pieces of one kind, as the kernel takes them: tokens side by side and where each piece
// begins.
struct PackedKind {
  Tensor queries, keys;             // which tokens of the call; keys undefined: all, in order
  Tensor query_starts, key_starts;  // int32
  int64_t most_queries = 0, most_keys = 0;
  bool causal = false;
};

struct GpuPieces : PackedPieces {
  std::vector<PackedKind> kinds;
};

// Where the queries and keys of N sequences with a query each begin.
struct NextPieces : PackedPieces {
  Tensor query_starts, key_starts;  // int32 [N + 1]
  int64_t most_keys = 0;
};

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Collected {
  std::vector<int64_t> queries, keys;
  std::vector<int32_t> query_starts{0}, key_starts{0};

  void add(const Piece& piece, int64_t start) {
    const auto take = [&](std::vector<int64_t>& to, Span span) {
      for (int64_t i = span.begin; i < span.end; ++i) to.push_back(start + i);
    };
    take(queries, piece.queries);
    for (const Span& span : seen_spans(piece, 0)) take(keys, span);
    query_starts.push_back(static_cast<int32_t>(queries.size()));
    key_starts.push_back(static_cast<int32_t>(keys.size()));
  }
};

int64_t longest(const std::vector<int32_t>& starts) {
  int64_t most = 0;
  for (size_t i = 1; i < starts.size(); ++i)
    most = std::max<int64_t>(most, starts[i] - starts[i - 1]);
  return most;
}

GpuPieces pack(const Sequences& sequences, torch::Device device) {
  const auto there = [&](const auto& values) { return torch::tensor(values).to(device); };
  Collected collected[2];
  int64_t tokens = 0;
  for (const Sequence& sequence : sequences) {
    for (const Piece& piece : sequence.plan) collected[piece.causal].add(piece, tokens);
    tokens += sequence.tokens;
  }
  GpuPieces packed;
  for (const bool causal : {false, true}) {
    const Collected& c = collected[causal];
    if (c.queries.empty()) continue;
    bool all = std::ssize(c.keys) == tokens;
    for (size_t i = 0; all && i < c.keys.size(); ++i) all = c.keys[i] == static_cast<int64_t>(i);
    packed.kinds.push_back({there(c.queries), all ? Tensor() : there(c.keys),
                            there(c.query_starts).to(torch::kInt),
                            there(c.key_starts).to(torch::kInt), longest(c.query_starts),
                            longest(c.key_starts), causal});
  }
  return packed;
}

// The kernel's own gradient, so that what is gathered for it and scattered after it is moved once.
struct Attend : torch::autograd::Function<Attend> {
  struct Pieces : torch::CustomClassHolder {
    explicit Pieces(std::shared_ptr<const GpuPieces> p) : packed(std::move(p)) {}
    std::shared_ptr<const GpuPieces> packed;
  };

  static Tensor at(const Tensor& x, const Tensor& places) {
    return places.defined() ? x.index_select(0, places) : x;
  }

  static Tensor forward(AutogradContext* ctx, const Tensor& q_THD, const Tensor& k_TGD,
                        const Tensor& v_TGD, const std::shared_ptr<const GpuPieces>& packed) {
    at::AutoDispatchBelowAutograd below;
    auto result = torch::empty(q_THD.sizes(), q_THD.options());
    variable_list kept = {q_THD, k_TGD, v_TGD, result};
    for (const PackedKind& kind : packed->kinds) {
      auto [out, sums, random, unused, debug] = at::_flash_attention_forward(
          at(q_THD, kind.queries), at(k_TGD, kind.keys), at(v_TGD, kind.keys), kind.query_starts,
          kind.key_starts, kind.most_queries, kind.most_keys, 0.0, kind.causal,
          /*return_debug_mask=*/false);
      result.index_copy_(0, kind.queries, out);
      kept.insert(kept.end(), {sums, random, unused});
    }
    ctx->save_for_backward(kept);
    ctx->saved_data["pieces"] = c10::IValue::make_capsule(c10::make_intrusive<Pieces>(packed));
    return result;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto kept = ctx->get_saved_variables();
    const auto holder = ctx->saved_data["pieces"].toCapsule();
    const GpuPieces& packed = *static_cast<Pieces*>(holder.get())->packed;
    const Tensor &q = kept[0], &k = kept[1], &v = kept[2], &result = kept[3];
    const auto grad = grads[0].to(q.scalar_type()).contiguous();
    auto q_grad = torch::empty(q.sizes(), q.options());
    Tensor k_grad, v_grad;
    for (size_t i = 0; i < packed.kinds.size(); ++i) {
      const PackedKind& kind = packed.kinds[i];
      auto [dq, dk, dv] = at::_flash_attention_backward(
          at(grad, kind.queries), at(q, kind.queries), at(k, kind.keys), at(v, kind.keys),
          at(result, kind.queries), kept[4 + 3 * i], kind.query_starts, kind.key_starts,
          kind.most_queries, kind.most_keys, 0.0, kind.causal, kept[5 + 3 * i], kept[6 + 3 * i]);
      q_grad.index_copy_(0, kind.queries, dq);
      add(k_grad, dk, k, kind.keys);
      add(v_grad, dv, v, kind.keys);
    }
    return {q_grad, k_grad, v_grad, {}};
  }

  // A key that several pieces see has the sum of their gradients.
  static void add(Tensor& sum, const Tensor& part, const Tensor& like, const Tensor& places) {
    if (!places.defined()) {
      sum = sum.defined() ? sum.add_(part) : part;
      return;
    }
    if (!sum.defined()) sum = torch::zeros(like.sizes(), like.options());
    sum.index_add_(0, places, part);
  }
};

}  // namespace

bool packs_on_gpu(const Tensor& q) {
  return q.is_cuda() && q.size(2) % 8 == 0 && q.size(2) <= 256 &&
         (q.scalar_type() == torch::kBFloat16 || q.scalar_type() == torch::kHalf);
}

Tensor attend_next_gpu(const Tensor& q, const std::vector<KeyRuns>& seen,
                       std::shared_ptr<const PackedPieces>& packed) {
  std::vector<Tensor> keys, values;
  std::vector<int32_t> starts{0};
  for (const KeyRuns& runs : seen) {
    int64_t length = 0;
    for (const KeyRun& run : runs) {
      keys.push_back(run.keys.transpose(0, 1));
      values.push_back(run.values.transpose(0, 1));
      length += run.keys.size(1);
    }
    starts.push_back(starts.back() + static_cast<int32_t>(length));
  }
  auto next = std::dynamic_pointer_cast<const NextPieces>(packed);
  if (!next) {
    auto made = std::make_shared<NextPieces>();
    made->query_starts = torch::arange(std::ssize(starts), q.options().dtype(torch::kInt));
    made->key_starts = torch::tensor(starts, torch::kInt).to(q.device());
    made->most_keys = longest(starts);
    packed = next = made;
  }
  return std::get<0>(at::_flash_attention_forward(
      q.transpose(0, 1), torch::cat(keys), torch::cat(values), next->query_starts, next->key_starts,
      /*max_q=*/1, next->most_keys, 0.0, /*is_causal=*/false, /*return_debug_mask=*/false));
}

Tensor attend_packed_gpu(const Tensor& q, const Tensor& k, const Tensor& v,
                         const Sequences& sequences) {
  auto pieces = std::dynamic_pointer_cast<const GpuPieces>(sequences.packed);
  if (!pieces) {
    pieces = std::make_shared<GpuPieces>(pack(sequences, q.device()));
    sequences.packed = pieces;
  }
  return Attend::apply(q.transpose(0, 1), k.transpose(0, 1), v.transpose(0, 1), pieces);
}

}  // namespace showo
