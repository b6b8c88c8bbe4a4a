// Gradients of the tokenizer's perceptual and adversarial terms against finite differences, in
// double precision.
#include <gtest/gtest.h>

#include "showo/codec/discriminator.h"
#include "showo/codec/features.h"
#include "showo/codec/initialise.h"
#include "showo/codec/magvit.h"
#include "showo/core/random.h"

namespace showo {
namespace {

const fs::path kFeatures = SHOWO_SOURCE_DIR "/tests/codec/data/features";

Tensor pictures(int64_t side, uint64_t seed) {
  auto generator = make_generator(seed);
  return torch::rand({2, 3, side, side}, generator, torch::kDouble) * 2 - 1;
}

// The slope of `loss` along `direction`, measured on both sides of x.
double measured_slope(const std::function<Tensor(const Tensor&)>& loss, const Tensor& x,
                      const Tensor& direction) {
  torch::NoGradGuard no_grad;
  constexpr double kStep = 1e-6;
  return ((loss(x + kStep * direction) - loss(x - kStep * direction)) / (2 * kStep)).item<double>();
}

void expect_gradient_is_slope(const std::function<Tensor(const Tensor&)>& loss, const Tensor& at) {
  const auto x = at.detach().clone().requires_grad_();
  loss(x).backward();
  auto generator = make_generator(7);
  for (int i = 0; i < 4; ++i) {
    auto direction = x.grad() * (torch::rand(x.sizes(), generator, torch::kDouble) + 0.5);
    direction /= direction.norm();
    const double expected = (x.grad() * direction).sum().item<double>();
    EXPECT_NEAR(measured_slope(loss, x, direction), expected, 1e-5 * std::abs(expected));
  }
}

TEST(PerceptualGradient, IsTheFeatureDistancesSlope) {
  FeatureNet features = load_features(kFeatures);
  features->to(torch::kDouble);
  const auto original = pictures(32, 1);
  expect_gradient_is_slope(
      [&](const Tensor& x) { return feature_distance(features, original, x).mean(); },
      original + 0.3 * pictures(32, 2));
}

class AdversarialGradient : public testing::TestWithParam<const char*> {};

TEST_P(AdversarialGradient, IsTheLossesSlope) {
  DiscriminatorConfig config;
  config.ch = 8;
  config.layers = 2;
  Discriminator discriminator(config);
  initialise_discriminator(discriminator, 3);
  discriminator->to(torch::kDouble);
  const auto real = pictures(16, 4);
  expect_gradient_is_slope(
      [&](const Tensor& x) { return generator_loss(GetParam(), discriminator(x)); },
      pictures(16, 5));
  expect_gradient_is_slope(
      [&](const Tensor& x) {
        return discriminator_loss(GetParam(), discriminator(real), discriminator(x));
      },
      pictures(16, 5));
}

INSTANTIATE_TEST_SUITE_P(Losses, AdversarialGradient, testing::Values("hinge", "non-saturating"),
                         [](const auto& info) {
                           return std::string(info.param) == "hinge" ? "hinge" : "softplus";
                         });

// The norm of a loss's gradient at the last layer, one weight at a time.
double measured_norm(Magvit& codec, const std::function<Tensor()>& loss) {
  torch::NoGradGuard no_grad;
  constexpr double kStep = 1e-6;
  auto weights = codec->decoder->last_layer().view(-1);
  double square = 0;
  for (int64_t i = 0; i < weights.numel(); ++i) {
    weights[i] += kStep;
    const double above = loss().item<double>();
    weights[i] -= 2 * kStep;
    const double below = loss().item<double>();
    weights[i] += kStep;
    square += std::pow((above - below) / (2 * kStep), 2);
  }
  return std::sqrt(square);
}

TEST(AdaptiveWeightGradient, IsTheRatioOfMeasuredSlopesAtTheLastLayer) {
  CodecConfig shape{4, {1}, {1}, {1}, {1}, 4};
  Magvit codec(shape);
  initialise_codec(codec, 1);
  codec->to(torch::kDouble);
  DiscriminatorConfig config;
  config.ch = 4;
  config.layers = 1;
  Discriminator discriminator(config);
  initialise_discriminator(discriminator, 2);
  discriminator->to(torch::kDouble);
  const auto image = pictures(8, 6);
  const auto z = signs_of(codec->encode(image), 4, 8, 8).to(torch::kDouble);
  const auto likeness = [&] { return (codec->decoder(z) - image).abs().mean(); };
  const auto verdict = [&] { return generator_loss("hinge", discriminator(codec->decoder(z))); };
  const double weight =
      adaptive_weight(likeness(), verdict(), codec->decoder->last_layer()).item<double>();
  const double expected = measured_norm(codec, likeness) / (measured_norm(codec, verdict) + 1e-4);
  EXPECT_NEAR(weight, expected, 1e-4 * expected);
}

}  // namespace
}  // namespace showo
