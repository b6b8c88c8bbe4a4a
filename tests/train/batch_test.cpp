#include "showo/train/batch.h"

#include <gtest/gtest.h>

namespace showo {
namespace {

TEST(DrawMask, MasksTheShareOfTheTokensAndAtLeastOne) {
  for (const double share : {0.0, 0.001, 0.3, 0.5, 1.0}) {
    auto random = make_generator(7);
    const auto masked = draw_mask(8, share, false, random);
    EXPECT_EQ(masked.sum().item<int64_t>(), std::max<int64_t>(1, std::llround(64 * share)))
        << share;
  }
}

TEST(DrawMask, DrawsOtherTokensWithAnotherSeed) {
  auto a = make_generator(1), b = make_generator(2), again = make_generator(1);
  const auto first = draw_mask(8, 0.5, false, a);
  EXPECT_FALSE(torch::equal(first, draw_mask(8, 0.5, false, b)));
  EXPECT_TRUE(torch::equal(first, draw_mask(8, 0.5, false, again)));
}

TEST(DrawMask, ARegionIsOneRectangleOfAboutTheShare) {
  auto random = make_generator(3);
  for (int i = 0; i < 200; ++i) {
    const double share = torch::rand({}, random).item<double>();
    const auto masked = draw_mask(16, share, true, random).view({16, 16});
    const int64_t rows = masked.any(1).sum().item<int64_t>(),
                  columns = masked.any(0).sum().item<int64_t>(),
                  count = masked.sum().item<int64_t>(),
                  wanted = std::max<int64_t>(1, std::llround(256 * share));
    EXPECT_EQ(count, rows * columns) << "not a full rectangle";
    const auto used = masked.any(1).to(torch::kLong);
    EXPECT_EQ((used.slice(0, 1) - used.slice(0, 0, -1)).abs().sum().item<int64_t>(),
              2 - used[0].item<int64_t>() - used[15].item<int64_t>())
        << "rows apart";
    EXPECT_GE(count, wanted);
    EXPECT_LT(count, wanted + rows) << "no more than the last column's rest";
  }
}

}  // namespace
}  // namespace showo
