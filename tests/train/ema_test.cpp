#include "showo/train/ema.h"

#include <gtest/gtest.h>

#include "showo/core/error.h"
#include "showo/nn/layers.h"

namespace showo {
namespace {

TEST(Ema, FollowsTheWeightsAndStandsInForThem) {
  torch::NoGradGuard no_grad;
  Linear layer(2, 1);
  layer->weight.fill_(1);
  layer->bias.fill_(0);
  Ema ema(*layer, 0.75);
  layer->weight.fill_(5);
  ema.update();
  {
    const Ema::Applied averaged(ema);
    EXPECT_TRUE(torch::allclose(layer->weight, torch::full({1, 2}, 2.0)));  // 0.75·1 + 0.25·5
    EXPECT_TRUE(torch::allclose(layer->forward(torch::ones({1, 2})), torch::full({1, 1}, 4.0)));
  }
  EXPECT_TRUE(torch::equal(layer->weight, torch::full({1, 2}, 5.0)));
  ema.update();
  EXPECT_TRUE(torch::allclose(ema.state().at("ema.weight"), torch::full({1, 2}, 2.75)));
}

TEST(Ema, ComesBackFromItsState) {
  Linear layer(2, 1);
  torch::NoGradGuard no_grad;
  for (auto& parameter : layer->parameters()) parameter.fill_(1);
  Ema first(*layer, 0.5), second(*layer, 0.5);
  for (auto& parameter : layer->parameters()) parameter.fill_(3);
  first.update();
  second.load_state(first.state(), "a file");
  EXPECT_TRUE(torch::equal(second.state().at("ema.bias"), torch::full({1}, 2.0)));
  EXPECT_THROW(second.load_state({}, "a file"), Error);
}

TEST(Ema, IsOffAtZeroAndRefusesOne) {
  Linear layer(2, 1);
  EXPECT_FALSE(Ema(*layer, 0).enabled());
  EXPECT_TRUE(Ema(*layer, 0).state().empty());
  EXPECT_THROW(Ema(*layer, 1), Error);
}

}  // namespace
}  // namespace showo
