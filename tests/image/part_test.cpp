// Parts of large pictures on a model's square.
#include "showo/image/part.h"

#include "showo/image/preprocess.h"
#include "tests/image/pictures.h"

namespace showo {
namespace {

// 37×23
Image scene() { return read_ppm(kPictures / "resize" / "scene.ppm"); }

bool holds(const Box& outer, const Box& inner) {
  return outer.x <= inner.x && outer.y <= inner.y &&
         inner.x + inner.width <= outer.x + outer.width &&
         inner.y + inner.height <= outer.y + outer.height;
}

TEST(PartAround, IsASquareOfTwiceTheExtentInsideThePicture) {
  EXPECT_EQ(part_around({100, 60, 40, 20}, 400, 300, 64, 8), (Box{80, 30, 80, 80}));
  EXPECT_EQ(part_around({0, 290, 40, 10}, 400, 300, 64, 8), (Box{0, 220, 80, 80})) << "at a corner";
  EXPECT_EQ(part_around({100, 60, 4, 2}, 400, 300, 64, 8), (Box{68, 28, 64, 64})) << "the model's";
  EXPECT_EQ(part_around({100, 60, 200, 200}, 400, 300, 64, 8), (Box{63, 4, 296, 296}));
  EXPECT_EQ(part_around({5, 6, 4, 2}, 40, 30, 64, 8), (Box{2, 0, 24, 24})) << "a small picture";
  EXPECT_EQ(part_around({0, 0, 4, 2}, 5, 5, 64, 8), (Box{0, 0, 5, 5})) << "a tiny one";
  EXPECT_EQ(part_around({7, 9, 3, 50}, 64, 64, 64, 8), (Box{0, 0, 64, 64})) << "the whole";
}

TEST(PartAround, PutsTheMaskOnTokensWhereThereIsRoom) {
  EXPECT_EQ(part_around({200, 50, 92, 92}, 300, 192, 64, 8), (Box{108, 4, 184, 184}));
  const Box marked{203, 51, 91, 91}, part = part_around(marked, 400, 300, 64, 8);
  EXPECT_EQ(part.width, 184) << "23 pixels a token";
  EXPECT_EQ((marked.x - part.x) % 23, 0);
  EXPECT_EQ((marked.y - part.y) % 23, 0);
}

TEST(PartAround, IsAnOblongWhereTheMaskIsLongerThanTheShorterSide) {
  EXPECT_EQ(part_around({100, 60, 320, 20}, 800, 300, 64, 8), (Box{50, 0, 400, 300}));
  EXPECT_EQ(part_around({0, 0, 800, 20}, 800, 300, 64, 8), (Box{0, 0, 800, 300}));
  EXPECT_EQ(part_around({0, 30'000, 1, 20'000}, 1, 60'000, 64, 8), (Box{0, 26'875, 1, 25'000}));
}

TEST(PartAround, AlwaysHoldsWhatIsMarked) {
  for (const auto& [width, height] : {std::pair{9, 9}, {13, 5}, {4, 11}, {1, 8}}) {
    for (int x = 0; x < width; ++x) {
      for (int y = 0; y < height; ++y) {
        for (int w = 1; w <= width - x; ++w) {
          for (int h = 1; h <= height - y; ++h) {
            const Box part = part_around({x, y, w, h}, width, height, 4, 2);
            ASSERT_TRUE(holds(part, {x, y, w, h}) && holds({0, 0, width, height}, part))
                << x << ", " << y << ", " << w << "×" << h << " of " << width << "×" << height;
          }
        }
      }
    }
  }
}

TEST(Placement, OfASquareOfTheModelsSizeChangesNothing) {
  const Placement placement({7, 1, 16, 16}, 16);
  const Image square = placement.square_of(scene());
  EXPECT_EQ(square, crop(scene(), {7, 1, 16, 16}));
  EXPECT_EQ(placement.part_of(square), square);
}

TEST(Placement, ScalesAPartToTheSquareAndBack) {
  const Placement placement({2, 3, 20, 20}, 8);
  const Image square = placement.square_of(scene());
  EXPECT_EQ(square, resize_bicubic(crop(scene(), {2, 3, 20, 20}), 8, 8));
  EXPECT_EQ(placement.part_of(square), resize_bicubic(square, 20, 20));
}

TEST(Placement, SurroundsAnOblongWithItsMirrorImages) {
  const Box whole{0, 0, 37, 23};
  for (const double before : {0.0, 0.5, 1.0}) {
    const Placement placement(whole, 37, before);
    const Image square = placement.square_of(scene());
    const int top = static_cast<int>(14 * before);
    EXPECT_EQ(crop(square, {0, top, 37, 23}), scene());
    EXPECT_EQ(placement.part_of(square), scene());
    for (int y = 0; y < 37; ++y) {
      const int from = y < top ? top - 1 - y : y < top + 23 ? y - top : 2 * 23 - 1 - (y - top);
      EXPECT_EQ(crop(square, {0, y, 37, 1}), crop(scene(), {0, from, 37, 1})) << y;
    }
  }
}

TEST(Placement, MirrorsAThinPartAgainAndAgain) {
  const Placement placement({4, 2, 3, 21}, 21);
  const Image square = placement.square_of(scene());
  for (int x = 0; x < 21; ++x) {
    const int from[] = {0, 1, 2, 2, 1, 0};  // the part itself begins at 9
    EXPECT_EQ(crop(square, {x, 0, 1, 21}), crop(scene(), {4 + from[(x + 6 - 9 % 6) % 6], 2, 1, 21}))
        << x;
  }
  const Placement line({0, 5, 37, 1}, 4);  // below one row when scaled
  EXPECT_EQ(line.height(), 1);
  EXPECT_EQ(line.part_of(line.square_of(scene())).width, 37);
}

}  // namespace
}  // namespace showo
