// Linear layers by oneDNN: what at::linear computes, forwards and backwards.
#include "showo/nn/product.h"

#include <gtest/gtest.h>

namespace showo {
namespace {

struct ProductCase {
  std::vector<int64_t> shape;  // of x, whose last is the inputs
  int64_t outputs;
  bool bias;
};
const std::vector<ProductCase> kCases = {
    {{1, 32}, 16, true},  {{3, 5, 7}, 11, true}, {{2, 60, 64}, 256, false}, {{1, 1, 2048}, 3, true},
    {{129, 33}, 1, true}, {{4}, 4, true},        {{7, 37, 24}, 40, true}};

TEST(Product, EqualsTheLibrarysLinear) {
  torch::NoGradGuard no_grad;
  torch::manual_seed(1);
  for (const auto dtype : {torch::kFloat, torch::kBFloat16, torch::kHalf, torch::kDouble}) {
    for (const ProductCase& c : kCases) {
      const auto x = torch::randn(c.shape).to(dtype),
                 weight = torch::randn({c.outputs, c.shape.back()}).to(dtype),
                 bias = c.bias ? torch::randn({c.outputs}).to(dtype) : Tensor();
      const auto want = torch::linear(x, weight, bias);
      const double part = dtype == torch::kBFloat16 ? 0.02 : dtype == torch::kHalf ? 0.003 : 1e-5;
      const double bound = part * std::sqrt(static_cast<double>(c.shape.back()));
      const auto got = product(x, weight, bias);
      ASSERT_EQ(got.sizes(), want.sizes());
      ASSERT_EQ(got.scalar_type(), dtype);
      EXPECT_LE((got - want).abs().max().item<double>(), bound);
      EXPECT_LE((product(x, weight, bias, Activation::kGelu) - torch::gelu(want, "tanh"))
                    .abs()
                    .max()
                    .item<double>(),
                bound);
    }
  }
}

TEST(Product, TakesPartOfAWeightAndStridedRows) {
  torch::NoGradGuard no_grad;
  torch::manual_seed(2);
  const auto x = torch::randn({40, 3, 24}).transpose(0, 1), weight = torch::randn({50, 24}),
             bias = torch::randn({50});
  EXPECT_TRUE(torch::allclose(product(x, weight.narrow(0, 7, 21), bias.narrow(0, 7, 21)),
                              torch::linear(x, weight, bias).narrow(2, 7, 21), 1e-4, 1e-4));
}

TEST(Product, HasTheGradientsOfTheLibrarysLinear) {
  torch::manual_seed(3);
  for (const ProductCase& c : kCases) {
    for (const auto activation : {Activation::kNone, Activation::kGelu}) {
      auto x = torch::randn(c.shape).requires_grad_(),
           weight = torch::randn({c.outputs, c.shape.back()}).requires_grad_(),
           bias = c.bias ? torch::randn({c.outputs}).requires_grad_() : Tensor();
      std::vector<Tensor> leaves = {x, weight};
      if (c.bias) leaves.push_back(bias);
      const auto gradients = [&](Tensor y) {
        return torch::autograd::grad({(y * y).sum()}, leaves);
      };
      auto plain = torch::linear(x, weight, bias);
      if (activation == Activation::kGelu) plain = torch::gelu(plain, "tanh");
      const auto want = gradients(plain), got = gradients(product(x, weight, bias, activation));
      for (size_t i = 0; i < leaves.size(); ++i) {
        EXPECT_LE((got[i] - want[i]).abs().max().item<double>(),
                  1e-5 * want[i].abs().max().clamp_min(1).item<double>());
      }
    }
  }
}

TEST(Product, LeavesOutGradientsNobodyWants) {
  const auto x = torch::randn({3, 8});
  const auto weight = torch::randn({4, 8}).requires_grad_();
  product(x, weight, {}).sum().backward();
  EXPECT_FALSE(x.grad().defined());
  EXPECT_TRUE(torch::allclose(weight.grad(), x.sum(0).expand({4, 8}), 1e-5, 1e-5));
}

}  // namespace
}  // namespace showo
