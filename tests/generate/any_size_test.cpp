// Inpainting and extending pictures that are not of the model's size, on the embedded model.
#include <gtest/gtest.h>

#include "showo/generate/pipeline.h"
#include "showo/image/decode.h"
#include "showo/image/mask.h"
#include "showo/image/preprocess.h"

namespace showo {
namespace {

class AnySize : public testing::Test {
 protected:
  static void SetUpTestSuite() { pipeline_ = std::make_unique<Pipeline>(ModelPaths::in(kModel)); }
  static void TearDownTestSuite() { pipeline_.reset(); }

  static Image photo(int width, int height) {
    return resize_bicubic(read_image(kModel / "samples" / "scene.png"), width, height);
  }
  static Image mask(int width, int height, const Box& white) {
    Image mask(width, height);
    for (int y = 0; y < white.height; ++y)
      std::fill_n(mask.pixel(white.x, white.y + y), white.width * 3, uint8_t{255});
    return mask;
  }
  static Image inpaint(const Image& picture, const Image& mask) {
    return pipeline_->inpaint(picture, mask, "a frog on a white background", /*seed=*/1, options());
  }
  static Image extend(const Image& picture, Side side, int64_t offset) {
    return pipeline_->extend(picture, side, "a frog on a white background", offset, /*seed=*/1,
                             options());
  }
  static SamplingOptions options() {
    SamplingOptions options;
    options.steps = 2;
    return options;
  }
  template <class Body>
  static std::string refusal(const Body& body) {
    try {
      body();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  static inline const fs::path kModel = SHOWO_SOURCE_DIR "/models/embedded";
  static inline std::unique_ptr<Pipeline> pipeline_;
};

// Pixels of the box that differ.
int changed(const Image& a, const Image& b, const Box& box) {
  int count = 0;
  for (int y = box.y; y < box.y + box.height; ++y) {
    for (int x = box.x; x < box.x + box.width; ++x)
      count += !std::equal(a.pixel(x, y), a.pixel(x, y) + 3, b.pixel(x, y));
  }
  return count;
}

TEST_F(AnySize, InpaintingKeepsEveryPixelOutsideTheMask) {
  struct Case {
    int width, height;
    Box white;
  };
  for (const auto& [width, height, white] :
       {Case{200, 150, {40, 50, 60, 70}}, Case{150, 200, {0, 190, 9, 10}},
        Case{300, 90, {20, 30, 260, 40}}, Case{30, 40, {3, 3, 20, 20}},
        Case{64, 64, {0, 0, 32, 64}}, Case{500, 20, {0, 0, 500, 20}},
        Case{1, 90, {0, 40, 1, 30}}}) {
    const Image picture = photo(width, height);
    const Image result = inpaint(picture, mask(width, height, white));
    ASSERT_EQ(result.width, width);
    ASSERT_EQ(result.height, height);
    const int inside = changed(picture, result, white);
    EXPECT_GT(inside, white.width * white.height / 20) << width << "×" << height;
    EXPECT_EQ(changed(picture, result, {0, 0, width, height}), inside) << width << "×" << height;
  }
}

// Nothing is scaled where the part has the model's size: it is drawn as if it were the picture.
TEST_F(AnySize, InpaintingASmallMaskIsInpaintingTheSquareAroundIt) {
  const Image picture = photo(210, 170), marks = mask(210, 170, {90, 60, 24, 30});
  const Box part = part_around(marked_box(marks), 210, 170, pipeline_->image_size(), 8);
  ASSERT_EQ(part.width, pipeline_->image_size());
  EXPECT_EQ(crop(inpaint(picture, marks), part), inpaint(crop(picture, part), crop(marks, part)));
}

TEST_F(AnySize, ExtendingKeepsThePicturesOwnPixels) {
  struct Case {
    int width, height;
    Side side;
  };
  for (const auto& [width, height, side] :
       {Case{200, 151, Side::kRight}, Case{200, 151, Side::kLeft}, Case{200, 151, Side::kUp},
        Case{200, 151, Side::kDown}, Case{64, 64, Side::kRight}, Case{50, 150, Side::kLeft},
        Case{150, 20, Side::kUp}, Case{3, 2, Side::kDown}}) {
    const Image picture = photo(width, height), result = extend(picture, side, 0);
    const bool sideways = side == Side::kLeft || side == Side::kRight;
    const int across = sideways ? height / 2 : 0, down = sideways ? 0 : width / 2;
    EXPECT_EQ(result.width, width + across) << width << "×" << height;
    EXPECT_EQ(result.height, height + down) << width << "×" << height;
    const Box own{side == Side::kLeft ? across : 0, side == Side::kUp ? down : 0, width, height};
    EXPECT_EQ(crop(result, own), picture) << width << "×" << height;
  }
}

TEST_F(AnySize, ExtendingWithAnOffsetDrawsSoManyColumnsAnew) {
  const Image picture = photo(200, 128), result = extend(picture, Side::kRight, 2);
  EXPECT_EQ(result.width, 200 + 64);
  const int kept = 200 - 2 * 16;  // a token has 16 of the picture's pixels
  EXPECT_EQ(crop(result, {0, 0, kept, 128}), crop(picture, {0, 0, kept, 128}));
  EXPECT_GT(changed(picture, result, {kept, 0, 200 - kept, 128}), 16 * 128);
}

TEST_F(AnySize, ExtendingALongPictureIsExtendingItsLastSquare) {
  const Image picture = photo(100, 64);
  const Image whole = extend(picture, Side::kRight, 1),
              square = extend(crop(picture, {36, 0, 64, 64}), Side::kRight, 1);
  EXPECT_EQ(crop(whole, {36, 0, 96, 64}), square);
}

TEST_F(AnySize, WhatCannotBeDoneIsSaidInTheFilesOwnSize) {
  Image picture = photo(20, 100), other = mask(64, 64, {0, 0, 9, 9}), black = Image(20, 100);
  picture.name = "scene.png";
  picture.turned = true;
  other.name = black.name = "mask.png";
  EXPECT_EQ(refusal([&] { inpaint(picture, other); }),
            "mask.png: the mask is 64×64, and scene.png: the picture is 100×20, turned by its EXIF "
            "orientation; expected one size");
  EXPECT_EQ(refusal([&] { inpaint(picture, black); }),
            "mask.png: the mask is 20×100, and marks nothing to draw (white regenerates)");
  EXPECT_EQ(refusal([&] { extend(picture, Side::kLeft, 3); }),
            "offset 3: nothing would be left of the picture; scene.png: the picture is 100×20, "
            "turned by its EXIF orientation");
  const std::string large = refusal([&] { extend(Image(1, 60'000), Side::kRight, 0); });
  EXPECT_EQ(large,
            "the picture is 1×60000: extended it would have more than the limit of 128000000 "
            "pixels in all");
}

}  // namespace
}  // namespace showo
