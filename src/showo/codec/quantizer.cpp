#include "showo/codec/quantizer.h"

namespace showo {
namespace {

// The place values of the bits, most significant first, shaped to broadcast over [B, K, H, W].
Tensor place_values(int64_t bits, const torch::Device& device) {
  auto exponents = torch::arange(bits - 1, -1, -1, torch::dtype(torch::kLong).device(device));
  return torch::ones_like(exponents).bitwise_left_shift(exponents).view({1, bits, 1, 1});
}

constexpr double kTiny = 1e-5;

// Entropy, in nats, of a bit whose logits for +1 and −1 are −(z−1)² and −(z+1)²: their difference
// is 4z.
Tensor entropy(const Tensor& p_plus) {
  auto p_minus = 1 - p_plus;
  return -(p_plus * (p_plus + kTiny).log() + p_minus * (p_minus + kTiny).log());
}

// The probability [N, 2^k] of each combination of k independent bits, p_plus [N, k].
Tensor code_probabilities(const Tensor& p_plus_Nk) {
  auto p = torch::ones({p_plus_Nk.size(0), 1}, p_plus_Nk.options());
  for (const auto& bit : p_plus_Nk.unbind(1)) {
    const auto pair = torch::stack({1 - bit, bit}, 1);  // [N, 2]
    p = (p.unsqueeze(2) * pair.unsqueeze(1)).flatten(1);
  }
  return p;
}

// Entropy of the mean over positions of a code's probability, which is the product of its bits'.
// The mean over N positions of an outer product of halves is one matrix product of the halves.
Tensor entropy_of_mean_code(const Tensor& p_plus_BKHW) {
  const auto p_NK = p_plus_BKHW.permute({0, 2, 3, 1}).flatten(0, 2);
  const int64_t bits = p_NK.size(1), first = bits / 2;
  const auto upper_NC = code_probabilities(p_NK.narrow(1, 0, first));
  const auto lower_ND = code_probabilities(p_NK.narrow(1, first, bits - first));
  const auto mean = upper_NC.t().matmul(lower_ND) / static_cast<double>(p_NK.size(0));
  return -(mean * (mean + 1e-9).log()).sum();
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

Quantized quantize(const Tensor& z_BKHW, EntropyOf of) {
  auto z = z_BKHW.to(torch::kFloat);
  auto signs = quantize_signs(z.detach());
  auto straight_through = z + (signs - z).detach();
  // As published, the second term is taken after the straight-through step, so its gradient pulls z
  // away from q.
  auto loss =
      0.1 * ((signs - z).square().mean() + 0.25 * (straight_through - z.detach()).square().mean());
  auto p_plus = (4 * z).sigmoid();
  // Independent bits' entropies add up to their code's, so the mean over bits is a bit's share.
  auto of_mean = of == EntropyOf::kBits
                     ? entropy(p_plus.mean({0, 2, 3})).mean()
                     : entropy_of_mean_code(p_plus) / static_cast<double>(z.size(1));
  auto entropy_loss = 0.1 * (entropy(p_plus).mean() - of_mean);
  return {straight_through, codes_of(signs), loss, entropy_loss};
}

}  // namespace showo
