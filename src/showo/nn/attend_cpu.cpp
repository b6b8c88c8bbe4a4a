#include "showo/nn/attend_cpu.h"

#include "showo/core/device.h"
#include "showo/nn/attend_products.h"

namespace showo {
namespace {

// What the fused kernel's own causal flag does not say: it takes the queries for the first keys.
std::optional<Tensor> bias_of(const Tensor& q, const Tensor& k, bool causal) {
  if (!causal || q.size(2) == k.size(2)) return std::nullopt;
  return causal_bias(q.size(2), k.size(2), q.options());
}

// The sum of the heads' gradients over those that share a head of keys.
Tensor for_keys(const Tensor& grad_BHSD, const Tensor& k_BGSD) {
  if (grad_BHSD.size(1) == k_BGSD.size(1)) return grad_BHSD;
  return grad_BHSD.unflatten(1, {k_BGSD.size(1), -1}).sum(2);
}

}  // namespace

bool by_products(const Tensor& q) {
  return q.is_cpu() && q.scalar_type() == torch::kBFloat16 && multiplies_bf16(torch::kCPU);
}

Tensor for_heads(const Tensor& x, int64_t heads) {
  if (x.size(1) == heads) return x;
  return x.unsqueeze(2)
      .expand({x.size(0), x.size(1), heads / x.size(1), x.size(2), x.size(3)})
      .reshape({x.size(0), heads, x.size(2), x.size(3)});
}

Attended attend_cpu(const Tensor& q, const Tensor& k, const Tensor& v, bool causal) {
  const auto bias = bias_of(q, k, causal);
  if (by_products(q)) {
    return {attend_products(q, k, v,
                            causal ? causal_bias(q.size(2), k.size(2), q.options()) : Tensor()),
            {}};
  }
  const auto [out, sums] = at::_scaled_dot_product_flash_attention_for_cpu(
      q, for_heads(k, q.size(1)), for_heads(v, q.size(1)), 0.0, causal && !bias, bias);
  return {out, sums};
}

AttentionGradients attend_cpu_backward(const Tensor& grad, const Attended& attended,
                                       const Tensor& q, const Tensor& k, const Tensor& v,
                                       bool causal) {
  if (by_products(q)) {
    return attend_products_backward(
        grad, q, k, v, causal ? causal_bias(q.size(2), k.size(2), q.options()) : Tensor());
  }
  const auto bias = bias_of(q, k, causal);
  const auto [q_grad, k_grad, v_grad] = at::_scaled_dot_product_flash_attention_for_cpu_backward(
      grad, q, for_heads(k, q.size(1)), for_heads(v, q.size(1)), attended.out_BHTD, attended.sums,
      0.0, causal && !bias, bias);
  return {q_grad, for_keys(k_grad, k), for_keys(v_grad, v)};
}

}  // namespace showo
