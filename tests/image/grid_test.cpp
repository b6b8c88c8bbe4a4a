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

TEST(LabelledGrid, WrapsLabelsAtWords) {
  const std::vector<Image> pictures(2, Image(64, 32, 10));  // sixteen characters wide
  const Image sheet = labelled_grid(pictures, {"one more apple appears on the left", "x"}, 3);
  EXPECT_EQ(sheet.height, 32 + 4 + 3 * 9 + 4);
  EXPECT_EQ(labelled_grid(pictures, {"one more apple appears on the left", "x"}, 2).height,
            32 + 4 + 2 * 9 + 4);
}

TEST(Enlarged, RepeatsPixels) {
  Image small(2, 1, 7);
  small.pixel(1, 0)[0] = 200;
  const Image large = enlarged(small, 3);
  EXPECT_EQ(large.width, 6);
  EXPECT_EQ(large.height, 3);
  EXPECT_EQ(large.pixel(2, 2)[0], 7);
  EXPECT_EQ(large.pixel(3, 0)[0], 200);
  EXPECT_EQ(large.pixel(5, 2)[0], 200);
}

TEST(LabelledGrid, RefusesWhatDoesNotFitTogether) {
  EXPECT_THROW(labelled_grid({}, {}), Error);
  EXPECT_THROW(labelled_grid({Image(8, 8)}, {"a", "b"}), Error);
  EXPECT_THROW(labelled_grid({Image(8, 8), Image(8, 9)}, {"a", "b"}), Error);
}

}  // namespace
}  // namespace showo
