// The fused kernel against LibTorch's operators one after the other, forwards and backwards.
#include "showo/nn/norm_rotate.h"

#include <gtest/gtest.h>

namespace showo {
namespace {

LayerNorm random_norm(int64_t size) {
  LayerNorm norm(size, 1e-5);
  torch::NoGradGuard no_grad;
  norm->weight.copy_(1 + 0.3 * torch::randn({size}));
  norm->bias.copy_(0.3 * torch::randn({size}));
  return norm;
}

Tensor in_steps(const Tensor& x, LayerNorm& norm, const Rope& rope) {
  return rope.rotate(norm(x.transpose(1, 2)));
}

struct Case {
  int64_t batch, tokens, heads, size, rotary;
  bool one_position_row;
};

class NormRotate : public testing::TestWithParam<Case> {};

TEST_P(NormRotate, EqualsItsStepsWithTheirGradients) {
  const Case c = GetParam();
  torch::manual_seed(7);
  auto norm = random_norm(c.size);
  auto positions =
      torch::randint(0, 900, {c.one_position_row ? 1 : c.batch, c.tokens}, torch::kLong);
  const Rope rope(positions, rotary_frequencies(c.rotary, 10000));
  const auto x = torch::randn({c.batch, c.tokens, c.heads, c.size});
  const auto weights = torch::randn({c.batch, c.heads, c.tokens, c.size});
  std::vector<std::vector<Tensor>> results;
  for (const bool fused : {true, false}) {
    auto input = x.clone().requires_grad_();
    norm->zero_grad();
    const auto result = fused ? norm_rotate(input, norm, rope) : in_steps(input, norm, rope);
    (result * weights).sum().backward();
    results.push_back(
        {result.detach(), input.grad(), norm->weight.grad().clone(), norm->bias.grad().clone()});
  }
  for (size_t i = 0; i < results[0].size(); ++i) {
    EXPECT_TRUE(torch::allclose(results[0][i], results[1][i], 1e-4, 1e-4))
        << i << " " << (results[0][i] - results[1][i]).abs().max();
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, NormRotate,
                         testing::Values(Case{1, 1, 1, 8, 4, true}, Case{2, 5, 3, 32, 16, true},
                                         Case{3, 150, 4, 64, 32, false},
                                         Case{2, 7, 2, 20, 10, false},
                                         Case{1, 300, 2, 64, 64, true}));

// RMSNorm: no mean, no bias.
TEST(NormRotateRms, EqualsItsStepsWithTheirGradients) {
  torch::manual_seed(9);
  LayerNorm norm(32, 1e-5, NormKind::kRms);
  {
    torch::NoGradGuard no_grad;
    norm->weight.copy_(1 + 0.3 * torch::randn({32}));
  }
  const Rope rope(torch::arange(40).unsqueeze(0), rotary_frequencies(32, 10000));
  const auto x = torch::randn({1, 40, 3, 32}) + 1;
  const auto weights = torch::randn({1, 3, 40, 32});
  std::vector<std::vector<Tensor>> results;
  for (const bool fused : {true, false}) {
    auto input = x.clone().requires_grad_();
    norm->zero_grad();
    const auto result = fused ? norm_rotate(input, norm, rope) : in_steps(input, norm, rope);
    (result * weights).sum().backward();
    results.push_back({result.detach(), input.grad(), norm->weight.grad().clone()});
  }
  for (size_t i = 0; i < results[0].size(); ++i)
    EXPECT_TRUE(torch::allclose(results[0][i], results[1][i], 1e-4, 1e-4)) << i;
}

TEST(NormRotateHalf, RoundsOnce) {
  torch::manual_seed(8);
  auto norm = random_norm(64);
  const Rope rope(torch::arange(20).unsqueeze(0), rotary_frequencies(32, 10000));
  const auto x = torch::randn({2, 20, 4, 64}).to(torch::kBFloat16);
  const auto exact = in_steps(x.to(torch::kFloat), norm, rope);
  torch::NoGradGuard no_grad;
  const auto result = norm_rotate(x, norm, rope);
  EXPECT_EQ(result.scalar_type(), torch::kBFloat16);
  EXPECT_TRUE(result.equal(exact.to(torch::kBFloat16)) ||
              torch::allclose(result.to(torch::kFloat), exact, 1.0 / 256, 1e-3));
}

TEST(NormRotateHead, WiderThanTheKernelHoldsTakesTheSteps) {
  auto norm = random_norm(320);
  const Rope rope(torch::arange(3).unsqueeze(0), rotary_frequencies(160, 10000));
  const auto x = torch::randn({1, 3, 1, 320});
  EXPECT_TRUE(torch::allclose(norm_rotate(x, norm, rope), in_steps(x, norm, rope), 1e-4, 1e-4));
}

}  // namespace
}  // namespace showo
