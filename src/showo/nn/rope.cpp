#include "showo/nn/rope.h"

namespace showo {

Tensor rotary_frequencies(int64_t rotary, double base) {
  return torch::pow(base, torch::arange(0, rotary, 2, torch::kFloat) / rotary).reciprocal();
}

Rope::Rope(const Tensor& positions, const Tensor& frequencies) {
  auto angles = positions.to(torch::kFloat).unsqueeze(-1) *
                frequencies.to(positions.device());  // [B, T, R/2]
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

}  // namespace showo
