#include "showo/nn/attention.h"

#include <algorithm>

#include "showo/nn/attend_cpu.h"
#include "showo/nn/attend_one.h"
#include "showo/nn/attend_packed_gpu.h"
#include "showo/nn/attend_products.h"
#include "showo/nn/planned.h"

namespace showo {
namespace {

Tensor attend_by_library(const Tensor& q, const Tensor& k, const Tensor& v, bool causal,
                         Tensor allowed) {
  const int64_t queries = q.size(2), keys = k.size(2);
  causal &= queries > 1;
  if (causal && queries != keys) {
    allowed =
        torch::ones({1, 1, queries, keys}, q.options().dtype(torch::kBool)).tril(keys - queries);
  }
  return at::scaled_dot_product_attention(q, for_heads(k, q.size(1)), for_heads(v, q.size(1)),
                                          allowed.defined() ? std::optional(allowed) : std::nullopt,
                                          0.0, causal && queries == keys);
}

bool needs_gradient(const Tensor& q, const Tensor& k, const Tensor& v) {
  return torch::GradMode::is_enabled() &&
         (q.requires_grad() || k.requires_grad() || v.requires_grad());
}

// One sequence, its keys and values [G, S, D] → [T, H, D].
Tensor attend_alone(const Tensor& q_HTD, const KeyRun& all, const Sequence& sequence) {
  if (sequence.allowed.defined()) {
    return attend(q_HTD.unsqueeze(0), all.keys.unsqueeze(0), all.values.unsqueeze(0), false,
                  sequence.allowed)[0]
        .transpose(0, 1);
  }
  std::vector<Tensor> pieces;
  for (const Piece& piece : sequence.plan) {
    const auto keys = seen_spans(piece, all.keys.size(1) - sequence.tokens);
    pieces.push_back(
        attend(q_HTD.narrow(1, piece.queries.begin, piece.queries.length()).unsqueeze(0),
               gathered(all.keys, keys).unsqueeze(0), gathered(all.values, keys).unsqueeze(0),
               piece.causal)[0]
            .transpose(0, 1));
  }
  return pieces.size() == 1 ? pieces[0] : torch::cat(pieces);
}

// The next tokens of texts, a token each, all at once: keys stay where they lie.
class NextTokens {
 public:
  explicit NextTokens(const Tensor& q_HTD)
      : takes_(takes_one(q_HTD.narrow(1, 0, 1).unsqueeze(0)) ||
               (packs_on_gpu(q_HTD) && !q_HTD.requires_grad())) {}
  bool take(const Sequence& sequence, int64_t token, const KeyRuns& keys) {
    if (!takes_ || sequence.tokens != 1 || sequence.allowed.defined()) return false;
    tokens_.push_back(token);
    seen_.push_back(within(keys, seen_spans(sequence.plan[0], 0)));
    return true;
  }
  int64_t count() const { return std::ssize(tokens_); }
  // [taken, H, D] in the order in which they were taken.
  Tensor attend(const Tensor& q_HTD, const Sequences& sequences) const {
    const bool all = count() == q_HTD.size(1);
    const Tensor q = all ? q_HTD : q_HTD.index_select(1, torch::tensor(tokens_).to(q_HTD.device()));
    return q.is_cuda() ? attend_next_gpu(q, seen_, sequences.packed) : attend_one(q, seen_);
  }

 private:
  bool takes_;
  std::vector<int64_t> tokens_;
  std::vector<KeyRuns> seen_;
};

}  // namespace

KeyRuns keys_of(const Sequence& sequence, int64_t layer, const Tensor& k, const Tensor& v) {
  if (!sequence.cache) return {{k, v}};
  if (sequence.places.defined()) return sequence.cache->put(layer, sequence.places, k, v);
  return sequence.cache->append(layer, k, v);
}

Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v, bool causal,
              const Tensor& allowed) {
  TORCH_CHECK(q.size(1) % k.size(1) == 0, "heads of queries must be a multiple of those of keys");
  if (allowed.defined() && by_products(q))
    return attend_products_masked(q, for_heads(k, q.size(1)), for_heads(v, q.size(1)), allowed);
  if (!q.is_cpu() || allowed.defined() || needs_gradient(q, k, v))
    return attend_by_library(q, k, v, causal, allowed);
  return takes_one(q) ? attend_one(q, k, v) : attend_cpu(q, k, v, causal).out_BHTD;
}

Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v, const Sequences& sequences,
              int64_t layer) {
  const bool planned = std::ranges::all_of(
      sequences, [](const Sequence& s) { return !s.cache && !s.allowed.defined(); });
  if (planned && q.is_cpu()) return attend_planned(q, k, v, sequences);
  if (planned && packs_on_gpu(q)) return attend_packed_gpu(q, k, v, sequences);
  std::vector<Tensor> attended;
  NextTokens next(q);
  int64_t start = 0;
  for (const Sequence& sequence : sequences) {
    const auto own = [&](const Tensor& t) { return t.narrow(1, start, sequence.tokens); };
    const KeyRuns keys = keys_of(sequence, layer, own(k), own(v));
    const bool taken = next.take(sequence, start, keys);
    attended.push_back(taken ? Tensor() : attend_alone(own(q), joined(keys), sequence));
    start += sequence.tokens;
  }
  if (next.count() > 0) {
    const auto tokens = next.attend(q, sequences);
    if (next.count() == std::ssize(attended)) return tokens;
    int64_t token = 0;
    for (Tensor& part : attended) {
      if (!part.defined()) part = tokens.narrow(0, token++, 1);
    }
  }
  return attended.size() == 1 ? attended[0] : torch::cat(attended);
}

}  // namespace showo
