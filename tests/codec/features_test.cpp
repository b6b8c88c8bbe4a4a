// The feature network against PyPI's efficientnet-lite-pytorch (tools/make_feature_case.py wrote
// the case), and what a distance between pictures may be relied on for.
#include "showo/codec/features.h"

#include <gtest/gtest.h>

#include "showo/checkpoint/load.h"
#include "showo/checkpoint/weights_folder.h"
#include "showo/core/random.h"

namespace showo {
namespace {

const fs::path kCase = SHOWO_SOURCE_DIR "/tests/codec/data/features";

void expect_close(const Tensor& found, const Tensor& expected, const std::string& name) {
  ASSERT_EQ(found.sizes(), expected.sizes()) << name;
  const auto difference = (found - expected).abs().flatten();
  const double largest = difference.max().item<double>();
  EXPECT_LT(largest, 2e-6 * expected.abs().max().item<double>())
      << name << ": largest difference " << largest << " at "
      << difference.argmax().item<int64_t>();
}

Tensor feature_pictures(int64_t count, int64_t side, uint64_t seed) {
  auto generator = make_generator(seed);
  return torch::rand({count, 3, side, side}, generator) * 2 - 1;
}

// The picture's 45×64 pixels leave odd sizes at every stride, so every way of padding is met.
TEST(FeatureNet, AgreesWithThePackageItsWeightsComeFrom) {
  torch::NoGradGuard no_grad;
  FeatureNet features = load_features(kCase);
  const auto expected = read_safetensors(kCase / "expected.safetensors").tensors;
  const auto maps = features(expected.at("picture"));
  ASSERT_EQ(maps.size(), 4u);
  for (size_t i = 0; i < maps.size(); ++i) {
    const std::string name = "depth" + std::to_string(i);
    expect_close(maps[i], expected.at(name), name);
  }
  expect_close(features->last(expected.at("picture")), expected.at("last"), "last");
}

TEST(FeatureNet, TakesSmallPicturesAtTheirSize) {
  torch::NoGradGuard no_grad;
  FeatureNet features = load_features(kCase);
  const auto maps = features(feature_pictures(2, 64, 1));
  for (size_t i = 0; i < maps.size(); ++i) EXPECT_EQ(maps[i].size(2), 32 >> i);
  EXPECT_EQ(features->pooled(feature_pictures(2, 64, 1)).sizes(), (std::vector<int64_t>{2, 80}));
}

TEST(FeatureNet, PoolsPicturesOfTheTrainedSizeUnchanged) {
  torch::NoGradGuard no_grad;
  FeatureNet features = load_features(kCase);
  const auto image = feature_pictures(1, 224, 2);
  expect_close(features->pooled(image), features->last(image).mean({2, 3}), "pooled");
}

TEST(FeatureNet, IsFrozenEvenWhenATrainerCallsTrain) {
  FeatureNet features = load_features(kCase);
  const auto image = feature_pictures(2, 32, 3);
  const auto before = features->last(image);
  features->train();
  EXPECT_TRUE(torch::equal(features->last(image), before));
  EXPECT_TRUE(features->parameters().empty());
}

TEST(FeatureNet, NamesWhatDoesNotFitTheConfiguration) {
  FeatureConfig config;
  config.widths.pop_back();
  EXPECT_THROW(config.check("x"), Error);
  FeatureNet full((FeatureConfig()));
  try {
    load_strict(*full, read_weights(kCase), "narrow");
    FAIL() << "a narrow network's weights were taken for Lite0's";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("_conv_stem.weight"), std::string::npos);
  }
}

TEST(FeatureDistance, IsZeroForEqualPicturesAndSymmetric) {
  torch::NoGradGuard no_grad;
  FeatureNet features = load_features(kCase);
  const auto a = feature_pictures(3, 48, 4), b = feature_pictures(3, 48, 5);
  EXPECT_TRUE(feature_distance(features, a, a).eq(0).all().item<bool>());
  const auto there = feature_distance(features, a, b), back = feature_distance(features, b, a);
  EXPECT_TRUE(torch::equal(there, back));
  EXPECT_GT(there.min().item<double>(), 0);
  EXPECT_LT(there.max().item<double>(), 16);
}

TEST(FeatureDistance, IsTheSumOfEachDepthsMeanSquaredDifferenceOfUnitVectors) {
  torch::NoGradGuard no_grad;
  FeatureNet features = load_features(kCase);
  const auto a = feature_pictures(2, 32, 6), b = feature_pictures(2, 32, 7);
  const auto maps_a = features(a), maps_b = features(b);
  auto expected = torch::zeros({2});
  for (size_t i = 0; i < maps_a.size(); ++i)  // |u − v|² = 2 − 2·cos
    expected += (2 - 2 * torch::cosine_similarity(maps_a[i], maps_b[i], 1)).mean({1, 2});
  EXPECT_TRUE(torch::allclose(feature_distance(features, a, b), expected, 1e-4, 1e-5));
}

TEST(FeatureDistance, OfAPictureDoesNotDependOnTheOthersInItsBatch) {
  torch::NoGradGuard no_grad;
  FeatureNet features = load_features(kCase);
  const auto a = feature_pictures(4, 32, 8), b = feature_pictures(4, 32, 9);
  const auto together = feature_distance(features, a, b);
  const auto alone = feature_distance(features, a.narrow(0, 2, 1), b.narrow(0, 2, 1));
  EXPECT_NEAR(together[2].item<double>(), alone[0].item<double>(), 1e-5);
}

TEST(FeatureDistance, HasASlopeOnPicturesThatAreFlatInPart) {
  FeatureNet features = load_features(kCase);
  auto image = feature_pictures(1, 32, 11);
  image.narrow(3, 0, 16).zero_();
  image.requires_grad_();
  feature_distance(features, feature_pictures(1, 32, 10), image).sum().backward();
  EXPECT_TRUE(image.grad().isfinite().all().item<bool>());
  EXPECT_GT(image.grad().abs().max().item<double>(), 0);
}

}  // namespace
}  // namespace showo
