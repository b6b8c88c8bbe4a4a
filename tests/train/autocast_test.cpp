// bf16 autocast: what is made of a weight serves all batches of a step, gradients included.
#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>

#include "showo/core/device.h"
#include "showo/train/run.h"

namespace showo {
namespace {

TEST(Autocast, OneCastServesSeveralBackwards) {
  if (!multiplies_bf16(torch::kCPU)) GTEST_SKIP() << "this CPU has no products of bf16";
  torch::manual_seed(1);
  const std::vector<torch::Tensor> batches = {torch::randn({3, 16}), torch::randn({5, 16})};
  const auto start = torch::randn({8, 16});
  const auto gradient = [&](bool together) {
    auto weight = start.clone().requires_grad_();
    const Autocast casts(false);
    for (const auto& batch : batches) {
      torch::Tensor loss;
      {
        const Autocast autocast(true);
        loss = torch::linear(batch, weight).to(torch::kFloat).square().sum();
      }
      if (!together) at::autocast::clear_cache();
      loss.backward();
    }
    return weight.grad().clone();
  };
  EXPECT_TRUE(torch::equal(gradient(true), gradient(false)));
  EXPECT_FALSE(at::autocast::is_autocast_enabled(at::kCPU));
}

// The next step sees the weights as they are then.
TEST(Autocast, ForgetsWhenTheOutermostEnds) {
  if (!multiplies_bf16(torch::kCPU)) GTEST_SKIP() << "this CPU has no products of bf16";
  auto weight = torch::ones({4, 4}).requires_grad_();
  const auto product = [&] {
    const Autocast casts(false);
    const Autocast autocast(true);
    return torch::linear(torch::ones({1, 4}), weight).to(torch::kFloat).sum().item<double>();
  };
  EXPECT_EQ(product(), 16);
  {
    torch::NoGradGuard no_grad;
    weight.mul_(2);
  }
  EXPECT_EQ(product(), 32);
}

}  // namespace
}  // namespace showo
