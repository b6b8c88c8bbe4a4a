#include "showo/image/grid.h"

#include <gtest/gtest.h>

#include "showo/core/error.h"

namespace showo {
namespace {

TEST(LabelledGrid, PutsEachPictureWholeAboveItsLabel) {
  std::vector<Image> pictures;
  for (uint8_t value : {10, 20, 30}) pictures.emplace_back(64, 32, value);
  const Image sheet = labelled_grid(pictures, {"7", "seed 8", "1234567890123456789"});
  EXPECT_EQ(sheet.width, 2 * 68 + 4);
  EXPECT_EQ(sheet.height, 2 * (32 + 8 + 5) + 4);
  for (int i = 0; i < 3; ++i) {
    const int left = 4 + i % 2 * 68, top = 4 + i / 2 * 45;
    for (int y = 0; y < 32; ++y) {
      for (int x = 0; x < 64; ++x) ASSERT_EQ(*sheet.pixel(left + x, top + y), 10 * (i + 1));
    }
  }
  // The 7: a whole first row, then one dot.
  EXPECT_EQ(*sheet.pixel(4, 40), 40);
  EXPECT_EQ(*sheet.pixel(4, 41), 255);
  EXPECT_EQ(*sheet.pixel(6, 41), 40);
}

TEST(LabelledGrid, RefusesWhatDoesNotFitTogether) {
  EXPECT_THROW(labelled_grid({}, {}), Error);
  EXPECT_THROW(labelled_grid({Image(8, 8)}, {"a", "b"}), Error);
  EXPECT_THROW(labelled_grid({Image(8, 8), Image(8, 9)}, {"a", "b"}), Error);
}

}  // namespace
}  // namespace showo
