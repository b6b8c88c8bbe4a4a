// The discriminator's shape and losses, with values worked out by hand.
#include "showo/codec/discriminator.h"

#include <gtest/gtest.h>

#include "showo/codec/code_usage.h"
#include "showo/core/random.h"

namespace showo {
namespace {

Discriminator tiny(int64_t ch = 8, int64_t layers = 2) {
  DiscriminatorConfig config;
  config.ch = ch;
  config.layers = layers;
  Discriminator discriminator(config);
  initialise_discriminator(discriminator, 1);
  return discriminator;
}

Tensor pictures(int64_t count, int64_t side, uint64_t seed) {
  auto generator = make_generator(seed);
  return torch::rand({count, 3, side, side}, generator) * 2 - 1;
}

TEST(Discriminator, JudgesPatches) {
  torch::NoGradGuard no_grad;
  EXPECT_EQ(tiny(8, 2)(pictures(2, 32, 1)).sizes(), (std::vector<int64_t>{2, 1, 6, 6}));
  Discriminator full((DiscriminatorConfig()));
  initialise_discriminator(full, 1);
  EXPECT_EQ(full(pictures(1, 256, 1)).sizes(), (std::vector<int64_t>{1, 1, 30, 30}));
}

// Of the convolutions alone: normalisation looks at the whole picture.
TEST(Discriminator, SeesSeventyPixelsWithThreeLayers) {
  auto discriminator = tiny(4, 3);
  const auto image = pictures(1, 160, 2).requires_grad_();
  auto x = image;
  for (auto& module : *discriminator->conv) x = module->as<Conv2dImpl>()->forward(x);
  x[0][0][9][9].backward();
  const auto rows = image.grad().abs().sum({0, 1, 3}).nonzero();
  EXPECT_EQ((rows.max() - rows.min() + 1).item<int64_t>(), 70);
}

TEST(Discriminator, JudgesAPictureByItself) {
  torch::NoGradGuard no_grad;
  auto discriminator = tiny();
  const auto all = pictures(3, 24, 3);
  EXPECT_TRUE(
      torch::allclose(discriminator(all)[1], discriminator(all.narrow(0, 1, 1))[0], 1e-4, 1e-6));
}

TEST(Discriminator, RefusesWhatLeavesNoPatch) {
  DiscriminatorConfig config;
  EXPECT_NO_THROW(config.check("x", 24));
  EXPECT_THROW(config.check("x", 16), Error);
  config.loss = "wasserstein";
  EXPECT_THROW(config.check("x", 64), Error);
}

const auto kReal = torch::tensor({2., 0.5}), kFake = torch::tensor({-3., 0.25});

TEST(AdversarialLoss, HingeLeavesTheSureAlone) {
  // ½·((0 + 0.5)/2 + (0 + 1.25)/2)
  EXPECT_NEAR(discriminator_loss("hinge", kReal, kFake).item<double>(), 0.4375, 1e-6);
  EXPECT_NEAR(generator_loss("hinge", kFake).item<double>(), 1.375, 1e-6);
}

TEST(AdversarialLoss, NonSaturatingIsCrossEntropy) {
  auto nll = [](double logit) { return std::log1p(std::exp(-logit)); };
  EXPECT_NEAR(discriminator_loss("non-saturating", kReal, kFake).item<double>(),
              0.25 * (nll(2) + nll(0.5) + nll(3) + nll(-0.25)), 1e-6);
  EXPECT_NEAR(generator_loss("non-saturating", kFake).item<double>(), 0.5 * (nll(-3) + nll(0.25)),
              1e-6);
}

TEST(AdversarialLoss, UnknownNamesAreErrors) {
  EXPECT_THROW(generator_loss("least squares", kFake), Error);
}

// Losses linear in the layer have known slopes: |(3, 4)| = 5 against |(0, 2)| = 2.
TEST(AdaptiveWeight, IsTheRatioOfSlopesWithinItsBound) {
  auto layer = torch::tensor({1., 1.}, torch::kDouble).requires_grad_();
  const auto reconstruction = (layer * torch::tensor({3., 4.}, torch::kDouble)).sum();
  const auto weight = adaptive_weight(reconstruction, 2 * layer[1], layer);
  EXPECT_NEAR(weight.item<double>(), 5 / (2 + 1e-4), 1e-9);
  EXPECT_FALSE(weight.requires_grad());
  EXPECT_EQ(adaptive_weight(reconstruction, 0 * layer.sum(), layer).item<double>(), 1e4);
  EXPECT_NO_THROW(reconstruction.backward());  // its graph is still there
}

TEST(CodeUsage, CountsCodesThatAreEquallyFrequent) {
  CodeUsage usage(16);
  for (int batch = 0; batch < 3; ++batch) usage.add(torch::arange(8).view({2, 4}));
  EXPECT_NEAR(usage.perplexity(), 8, 1e-9);
  for (int batch = 0; batch < 1000; ++batch) usage.add(torch::zeros({2, 4}, torch::kLong));
  EXPECT_NEAR(usage.perplexity(), 1, 1e-3);
}

}  // namespace
}  // namespace showo
