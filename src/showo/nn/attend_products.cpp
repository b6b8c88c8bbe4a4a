#include "showo/nn/attend_products.h"

#include <cmath>

namespace showo {
namespace {

// Of a head of keys with the query heads that share it: their queries are rows of one product.
struct Heads {
  Tensor q, k, v;  // [B·G, (H/G)·T, D], [B·G, S, D]
  Tensor bias;     // [(H/G)·T, S] or undefined
  double scale;

  Heads(const Tensor& q_BHTD, const Tensor& k_BGSD, const Tensor& v_BGSD, const Tensor& bias_TS)
      : q(grouped(q_BHTD, k_BGSD)),
        k(k_BGSD.flatten(0, 1)),
        v(v_BGSD.flatten(0, 1)),
        bias(bias_TS),
        scale(1 / std::sqrt(static_cast<double>(q_BHTD.size(3)))) {
    const int64_t shared = q_BHTD.size(1) / k_BGSD.size(1);
    if (bias.defined() && shared > 1) bias = bias.repeat({shared, 1});
  }

  static Tensor grouped(const Tensor& x_BHTD, const Tensor& k_BGSD) {
    return x_BHTD.reshape({x_BHTD.size(0) * k_BGSD.size(1), -1, x_BHTD.size(3)});
  }

  // Heads whose scores are computed at once: about 4 MB of them, four at least, as a product of few
  // leaves threads idle.
  int64_t at_once() const {
    const int64_t bytes = q.size(1) * k.size(1) * static_cast<int64_t>(q.element_size());
    return std::max<int64_t>(4, (int64_t{4} << 20) / std::max<int64_t>(bytes, 1));
  }

  Tensor probabilities(int64_t first, int64_t count) const {
    const auto part_q = q.narrow(0, first, count), part_k = k.narrow(0, first, count);
    const auto keys = part_k.transpose(1, 2);
    if (!bias.defined())
      return torch::baddbmm(torch::zeros({1}, q.options()), part_q, keys, 0, scale).softmax(-1);
    return torch::baddbmm(bias.expand({count, bias.size(0), bias.size(1)}), part_q, keys, 1, scale)
        .softmax(-1);
  }

  template <class Work>
  void in_parts(Work work) const {
    const int64_t step = at_once();
    for (int64_t first = 0; first < q.size(0); first += step)
      work(first, std::min(step, q.size(0) - first));
  }
};

}  // namespace

Tensor attend_products(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& bias) {
  const Heads heads(q, k, v, bias);
  auto result = torch::empty_like(heads.q, at::MemoryFormat::Contiguous);
  heads.in_parts([&](int64_t first, int64_t count) {
    auto part = result.narrow(0, first, count);
    torch::bmm_out(part, heads.probabilities(first, count), heads.v.narrow(0, first, count));
  });
  return result.view(q.sizes());
}

AttentionGradients attend_products_backward(const Tensor& grad_BHTD, const Tensor& q,
                                            const Tensor& k, const Tensor& v, const Tensor& bias) {
  const Heads heads(q, k, v, bias);
  const auto grad = Heads::grouped(grad_BHTD, k);
  const auto none = torch::zeros({1}, q.options());
  const auto like = [](const Tensor& t) {
    return torch::empty_like(t, at::MemoryFormat::Contiguous);
  };
  auto q_grad = like(heads.q), k_grad = like(heads.k), v_grad = like(heads.v);
  heads.in_parts([&](int64_t first, int64_t count) {
    const auto part = [&](const Tensor& t) { return t.narrow(0, first, count); };
    const auto probabilities = heads.probabilities(first, count);
    auto to = part(v_grad);
    torch::bmm_out(to, probabilities.transpose(1, 2), part(grad));
    const auto scores_grad = torch::_softmax_backward_data(
        torch::bmm(part(grad), part(heads.v).transpose(1, 2)), probabilities, -1, q.scalar_type());
    to = part(q_grad);
    torch::baddbmm_out(to, none, scores_grad, part(heads.k), 0, heads.scale);
    to = part(k_grad);
    torch::baddbmm_out(to, none, scores_grad.transpose(1, 2), part(heads.q), 0, heads.scale);
  });
  return {q_grad.view(q.sizes()), k_grad.view(k.sizes()), v_grad.view(v.sizes())};
}

Tensor attend_products_masked(const Tensor& q, const Tensor& k, const Tensor& v,
                              const Tensor& allowed) {
  const auto flat = [](const Tensor& t) { return t.reshape({-1, t.size(-2), t.size(-1)}); };
  const auto bias =
      torch::zeros(allowed.sizes(), q.options())
          .masked_fill_(allowed.logical_not(), -std::numeric_limits<float>::infinity())
          .expand({q.size(0), q.size(1), q.size(2), k.size(2)});
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(3)));
  const auto scores = torch::baddbmm(flat(bias), flat(q), flat(k).transpose(1, 2), 1, scale);
  return torch::bmm(scores.softmax(-1), flat(v)).view(q.sizes());
}

Tensor causal_bias(int64_t queries, int64_t keys, const at::TensorOptions& options) {
  return torch::full({queries, keys}, -std::numeric_limits<float>::infinity(), options)
      .triu(keys - queries + 1);
}

}  // namespace showo
