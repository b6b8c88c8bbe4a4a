// The entropy terms of the lookup-free quantizer against plain loops over all codes.
#include "showo/codec/quantizer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "showo/core/random.h"

namespace showo {
namespace {

Tensor latents(std::vector<int64_t> sizes, uint64_t seed) {
  auto random = make_generator(seed);
  return torch::randn(sizes, random, torch::dtype(torch::kDouble)).to(torch::kFloat);
}

double entropy_loss(const Tensor& z, EntropyOf of) {
  return quantize(z, of).entropy_loss.item<double>();
}

// MAGVIT-v2, equation 5, written out: every position's probability of every code.
double entropy_of_codes_by_loops(const Tensor& z_BKHW) {
  const auto p_NK = (4 * z_BKHW.to(torch::kDouble)).sigmoid().permute({0, 2, 3, 1}).flatten(0, 2);
  const auto p = p_NK.accessor<double, 2>();
  const int64_t positions = p.size(0), bits = p.size(1);
  std::vector<double> mean(size_t{1} << bits);
  double within = 0;
  for (int64_t n = 0; n < positions; ++n) {
    for (size_t code = 0; code < mean.size(); ++code) {
      double probability = 1;
      for (int64_t k = 0; k < bits; ++k)
        probability *= code >> (bits - 1 - k) & 1 ? p[n][k] : 1 - p[n][k];
      mean[code] += probability / positions;
      within -= probability * std::log(probability) / positions;
    }
  }
  double of_mean = 0;
  for (const double q : mean) of_mean -= q * std::log(q);
  return 0.1 * (within - of_mean) / static_cast<double>(bits);
}

TEST(EntropyOfCodes, IsThatOfTheWholeDistributionForOddAndEvenNumbersOfBits) {
  for (const int64_t bits : {1, 4, 7}) {
    const auto z = latents({2, bits, 3, 5}, bits);
    EXPECT_NEAR(entropy_loss(z, EntropyOf::kCodes), entropy_of_codes_by_loops(z), 2e-5) << bits;
  }
}

// Bits that repeat each other look busy one by one; only whole codes tell.
TEST(EntropyOfCodes, SeesBitsThatAreCopiesOfOneAnother) {
  const auto one = latents({4, 1, 8, 8}, 3).sign() * 2;
  const auto copies = one.expand({4, 6, 8, 8}), apart = latents({4, 6, 8, 8}, 4).sign() * 2;
  EXPECT_NEAR(entropy_loss(copies, EntropyOf::kBits), entropy_loss(apart, EntropyOf::kBits), 2e-3);
  EXPECT_GT(entropy_loss(copies, EntropyOf::kCodes), entropy_loss(apart, EntropyOf::kCodes) + 0.04);
}

TEST(EntropyOfCodes, HasTheGradientOfItsSlope) {
  auto z = latents({2, 5, 3, 3}, 5).requires_grad_();
  quantize(z, EntropyOf::kCodes).entropy_loss.backward();
  torch::NoGradGuard no_grad;
  const auto direction = z.grad() / z.grad().norm();
  constexpr double kStep = 1e-2;
  const double slope = (entropy_of_codes_by_loops(z + kStep * direction) -
                        entropy_of_codes_by_loops(z - kStep * direction)) /
                       (2 * kStep);
  EXPECT_NEAR(z.grad().norm().item<double>(), slope, 0.01 * std::abs(slope));
}

}  // namespace
}  // namespace showo
