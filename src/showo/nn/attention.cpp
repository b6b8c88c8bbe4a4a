#include "showo/nn/attention.h"

#include "showo/core/device.h"
#include "showo/nn/attend_one.h"

namespace showo {

Rope::Rope(const Tensor& positions, int64_t rotary, double base) {
  auto exponents =
      torch::arange(0, rotary, 2, torch::dtype(torch::kFloat).device(positions.device())) / rotary;
  auto angles = positions.to(torch::kFloat).unsqueeze(-1) *
                torch::pow(base, exponents).reciprocal();  // [B, T, R/2]
  angles = torch::cat({angles, angles}, -1).unsqueeze(1);
  cos_B1TR = angles.cos();
  sin_B1TR = angles.sin();
}

Tensor Rope::rotate(const Tensor& x) const {
  const int64_t rotary = cos_B1TR.size(-1), half = rotary / 2;
  auto turned = x.narrow(-1, 0, rotary), rest = x.narrow(-1, rotary, x.size(-1) - rotary);
  auto across = torch::cat({-turned.narrow(-1, half, half), turned.narrow(-1, 0, half)}, -1);
  auto rotated = turned * cos_B1TR + across * sin_B1TR;
  return torch::cat({rotated.to(x.scalar_type()), rest}, -1);
}

namespace {

// bf16 on CPUs: LibTorch's fused kernel takes 2.4 times as long as these products for a picture's
// step and for the backward of training. Scores are rounded to bf16. `allowed` may be undefined.
Tensor attend_by_products(const Tensor& q, const Tensor& k, const Tensor& v,
                          const Tensor& allowed) {
  auto flat = [](const Tensor& t) {
    return t.reshape({t.size(0) * t.size(1), t.size(2), t.size(3)});
  };
  Tensor bias = torch::zeros({1}, q.options());
  if (allowed.defined()) {
    bias = torch::zeros(allowed.sizes(), q.options())
               .masked_fill_(allowed.logical_not(), -std::numeric_limits<float>::infinity());
    bias = flat(bias.expand({q.size(0), q.size(1), q.size(2), k.size(2)}));
  }
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(3)));
  const auto scores =
      torch::baddbmm(bias, flat(q), flat(k).transpose(1, 2), allowed.defined(), scale);
  return torch::bmm(scores.softmax(-1), flat(v)).view(q.sizes());
}

}  // namespace

Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v, const Visible& visible) {
  const int64_t queries = q.size(2), keys = k.size(2);
  const bool causal = visible.kind == Visible::Kind::kCausal && queries > 1;
  if (visible.kind != Visible::Kind::kMatrix && takes_one(q)) return attend_one(q, k, v);
  const bool by_products =
      q.is_cpu() && q.scalar_type() == torch::kBFloat16 && multiplies_bf16(torch::kCPU);
  if (causal && queries == keys && !by_products)
    return at::scaled_dot_product_attention(q, k, v, {}, 0.0, /*is_causal=*/true);
  Tensor allowed = visible.matrix;
  if (causal)
    allowed =
        torch::ones({1, 1, queries, keys}, q.options().dtype(torch::kBool)).tril(keys - queries);
  if (by_products) return attend_by_products(q, k, v, allowed);
  return at::scaled_dot_product_attention(
      q, k, v, allowed.defined() ? std::optional(allowed) : std::nullopt);
}

namespace {

// A buffer that nobody else holds and that has room for `needed` tokens may be written to.
void make_room(Tensor& buffer, int64_t length, int64_t needed) {
  const bool shared = buffer.use_count() > 1 || buffer.storage().use_count() > 1;
  if (!shared && buffer.size(2) >= needed) return;
  auto sizes = buffer.sizes().vec();
  sizes[2] = needed + needed / 8 + 64;
  Tensor larger = torch::empty(sizes, buffer.options());
  larger.narrow(2, 0, length).copy_(buffer.narrow(2, 0, length));
  buffer = larger;
}

}  // namespace

std::pair<Tensor, Tensor> KvCache::append(int64_t layer, const Tensor& k, const Tensor& v) {
  auto& [keys, values, length] = layers_[layer];
  const int64_t tokens = k.size(2), needed = length + tokens;
  if (length == 0) {
    keys = k;
    values = v;
  } else {
    make_room(keys, length, needed);
    make_room(values, length, needed);
    keys.narrow(2, length, tokens).copy_(k);
    values.narrow(2, length, tokens).copy_(v);
  }
  length = needed;
  return {keys.narrow(2, 0, length), values.narrow(2, 0, length)};
}

std::pair<Tensor, Tensor> KvCache::put(int64_t layer, const Tensor& places, const Tensor& k,
                                       const Tensor& v) {
  auto& [keys, values, length] = layers_[layer];
  make_room(keys, length, length);
  make_room(values, length, length);
  keys.index_copy_(2, places, k);
  values.index_copy_(2, places, v);
  return {keys.narrow(2, 0, length), values.narrow(2, 0, length)};
}

void KvCache::truncate(int64_t length) {
  for (auto& layer : layers_) layer.length = std::min(layer.length, length);
}

void KvCache::extend(int64_t length) {
  for (auto& layer : layers_) {
    for (Tensor* buffer : {&layer.keys, &layer.values}) {
      make_room(*buffer, layer.length, length);
      buffer->narrow(2, layer.length, length - layer.length).zero_();
    }
    layer.length = length;
  }
}

}  // namespace showo
