// Products of few rows in bf16: what fp32 gives for the same weights, rounded once.
#include "showo/nn/few_rows.h"

#include <gtest/gtest.h>

namespace showo {
namespace {

TEST(FewRows, AreFp32sProductsRoundedOnce) {
  torch::NoGradGuard no_grad;
  torch::manual_seed(1);
  for (const int64_t rows : {1, 2, 3, 4}) {
    for (const int64_t inputs : {32, 64, 256, 2048, 8192}) {
      for (const int64_t outputs : {1, 3, 8, 9, 50, 515}) {
        const auto x = torch::randn({rows, inputs}).to(torch::kBFloat16),
                   weight = torch::randn({outputs, inputs}).to(torch::kBFloat16);
        const auto bias = outputs % 2 ? torch::randn({outputs}).to(torch::kBFloat16) : Tensor();
        ASSERT_TRUE(takes_few_rows(x, weight));
        const auto want = torch::linear(x.to(torch::kFloat), weight.to(torch::kFloat),
                                        bias.defined() ? bias.to(torch::kFloat) : bias);
        for (const auto activation : {Activation::kNone, Activation::kGelu}) {
          const auto exact = activation == Activation::kGelu ? torch::gelu(want, "tanh") : want;
          const auto got = few_rows_product(x, weight, bias, activation);
          ASSERT_EQ(got.scalar_type(), torch::kBFloat16);
          ASSERT_EQ(got.sizes(), exact.sizes());
          // Half a unit in the last of bf16's eight bits, and what the order of the sum makes.
          const auto off = (got.to(torch::kFloat) - exact).abs() - exact.abs() / 256;
          EXPECT_LE(off.max().item<double>(), 2e-6 * static_cast<double>(inputs));
        }
      }
    }
  }
}

TEST(FewRows, ProductTakesThemOfAnyShapeAndPartsOfWeights) {
  torch::NoGradGuard no_grad;
  torch::manual_seed(2);
  const auto weight = torch::randn({70, 96}).to(torch::kBFloat16),
             x = torch::randn({96, 2, 2}).to(torch::kBFloat16).permute({1, 2, 0});
  ASSERT_FALSE(x.is_contiguous());
  const auto part = weight.narrow(0, 13, 40);
  const auto got = product(x, part, {});
  EXPECT_EQ(got.sizes(), (std::vector<int64_t>{2, 2, 40}));
  const auto want = torch::linear(x.to(torch::kFloat), part.to(torch::kFloat));
  EXPECT_TRUE(torch::allclose(got.to(torch::kFloat), want, 1.0 / 256, 1e-3));
  EXPECT_FALSE(takes_few_rows(torch::zeros({5, 96}, torch::kBFloat16), weight));
  EXPECT_FALSE(takes_few_rows(torch::zeros({1, 96}), weight.to(torch::kFloat)));
  EXPECT_FALSE(takes_few_rows(torch::zeros({1, 30}, torch::kBFloat16), weight.narrow(1, 0, 30)));
}

}  // namespace
}  // namespace showo
