#include "showo/codec/quantizer.h"

namespace showo {
namespace {

// The place values of the bits, most significant first, shaped to broadcast over [B, K, H, W].
Tensor place_values(int64_t bits, const torch::Device& device) {
  auto exponents = torch::arange(bits - 1, -1, -1, torch::dtype(torch::kLong).device(device));
  return torch::ones_like(exponents).bitwise_left_shift(exponents).view({1, bits, 1, 1});
}

// Entropy, in nats, of a bit whose logits for +1 and −1 are −(z−1)² and −(z+1)²: their difference
// is 4z.
Tensor entropy(const Tensor& p_plus) {
  constexpr double kTiny = 1e-5;
  auto p_minus = 1 - p_plus;
  return -(p_plus * (p_plus + kTiny).log() + p_minus * (p_minus + kTiny).log());
}

}  // namespace

Tensor quantize_signs(const Tensor& z_BKHW) {
  return torch::where(z_BKHW > 0, 1.0, -1.0).to(z_BKHW.scalar_type());
}

Tensor codes_of(const Tensor& z_BKHW) {
  auto bits = (z_BKHW > 0).to(torch::kLong);
  return (bits * place_values(z_BKHW.size(1), z_BKHW.device())).sum(1).flatten(1);
}

Tensor signs_of(const Tensor& codes_BN, int64_t bits, int64_t height, int64_t width) {
  auto codes = codes_BN.view({codes_BN.size(0), 1, height, width});
  auto set = codes.bitwise_and(place_values(bits, codes_BN.device())).ne(0);
  return set.to(torch::kFloat) * 2 - 1;
}

Quantized quantize(const Tensor& z_BKHW) {
  auto z = z_BKHW.to(torch::kFloat);
  auto signs = quantize_signs(z.detach());
  auto straight_through = z + (signs - z).detach();
  // As published, the second term is taken after the straight-through step, so its gradient pulls z
  // away from q.
  auto loss =
      0.1 * ((signs - z).square().mean() + 0.25 * (straight_through - z.detach()).square().mean());
  auto p_plus = (4 * z).sigmoid();
  auto entropy_loss = 0.1 * (entropy(p_plus).mean() - entropy(p_plus.mean({0, 2, 3})).mean());
  return {straight_through, codes_of(signs), loss, entropy_loss};
}

}  // namespace showo
