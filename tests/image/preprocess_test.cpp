// Resizing against Pillow's results in tests/image/data/resize, cropping, scaling, and masks.
#include "showo/image/preprocess.h"

#include <ATen/ATen.h>

#include "showo/image/mask.h"
#include "showo/image/tensor.h"
#include "tests/image/pictures.h"

namespace showo {
namespace {

const fs::path kResized = kPictures / "resize";

// Its pixel (x, y) is (x, y, 7): where it came from can be read off it.
Image coordinates(int width, int height) {
  Image image(width, height, 7);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.pixel(x, y)[0] = static_cast<uint8_t>(x);
      image.pixel(x, y)[1] = static_cast<uint8_t>(y);
    }
  }
  return image;
}

TEST(ResizeBicubic, GivesPillowsBytes) {
  int count = 0;
  for (const char* source : {"scene", "column", "row", "pixel", "black_and_white"}) {
    const Image image = read_ppm(kResized / fmt::format("{}.ppm", source));
    for (const auto& entry : fs::directory_iterator(kResized)) {
      const std::string name = entry.path().filename().string();
      if (!name.starts_with(fmt::format("{}_", source))) continue;
      const Image expected = read_ppm(entry.path());
      EXPECT_EQ(resize_bicubic(image, expected.width, expected.height), expected) << name;
      ++count;
    }
  }
  EXPECT_EQ(count, 18);
}

TEST(ResizeBicubic, LeavesAPictureOfTheSameSizeAlone) {
  const Image image = coordinates(9, 5);
  EXPECT_EQ(resize_bicubic(image, 9, 5), image);
}

TEST(ResizeBicubic, KeepsAFlatColour) {
  for (const int value : {0, 1, 127, 254, 255}) {
    const Image flat(11, 6, static_cast<uint8_t>(value));
    EXPECT_EQ(resize_bicubic(flat, 4, 23), Image(4, 23, static_cast<uint8_t>(value))) << value;
  }
}

TEST(ResizeBicubic, RefusesSizesThatNoPictureHas) {
  for (const auto& [width, height] : {std::pair{0, 4}, {4, 0}, {-1, 4}, {4, -1}})
    EXPECT_THROW(resize_bicubic(Image(3, 3), width, height), Error) << width << "×" << height;
}

TEST(ResizeAndCrop, IsAlwaysSquare) {
  for (const auto& [width, height] :
       {std::pair{1, 1}, {1, 40}, {40, 1}, {7, 13}, {13, 7}, {8, 8}}) {
    for (const int size : {1, 2, 8, 17}) {
      const Image image = resize_and_crop(coordinates(width, height), size);
      EXPECT_EQ(image.width, size) << width << "×" << height;
      EXPECT_EQ(image.height, size) << width << "×" << height;
    }
  }
}

TEST(ResizeAndCrop, ResizesTheShorterSide) {
  const Image scene = read_ppm(kResized / "scene.ppm"), wide = resize_bicubic(scene, 16, 10);
  const Image square = resize_and_crop(scene, 10);
  for (int y = 0; y < 10; ++y) {
    for (int x = 0; x < 10; ++x)
      ASSERT_TRUE(std::equal(square.pixel(x, y), square.pixel(x, y) + 3, wide.pixel(x + 3, y)));
  }
}

// Python's round() puts halves on the even pixel; CLIP's processor rounds down.
TEST(Cropping, RoundsAsEachReferenceDoes) {
  struct Case {
    int longer, showo, clip;
  };
  for (const auto& [longer, showo, clip] :
       {Case{4, 0, 0}, {5, 0, 0}, {6, 1, 1}, {7, 2, 1}, {8, 2, 2}, {9, 2, 2}, {11, 4, 3}}) {
    EXPECT_EQ(resize_and_crop(coordinates(longer, 4), 4).pixel(0, 0)[0], showo) << longer;
    EXPECT_EQ(resize_and_crop(coordinates(4, longer), 4).pixel(0, 0)[1], showo) << longer;
    const auto x = preprocess_clip(coordinates(longer, 4), 4)[0][0][0].item<double>();
    EXPECT_NEAR((x * 0.26862954 + 0.48145466) * 255, clip, 1e-3) << longer;
  }
}

TEST(ResizeAndCrop, RefusesAPictureThatWouldGrowAboveTheLimit) {
  EXPECT_THROW(resize_and_crop(Image(1, 100000), 512), Error);
  EXPECT_THROW(resize_and_crop(Image(2, 2), 0), Error);
  EXPECT_THROW(resize_and_crop(Image(2, 2), -3), Error);
}

TEST(ResizeAndCrop, NamesThePictureAsItsFileHasIt) {
  Image image(1, 60000);
  image.name = "long.jpg";
  auto message = [&] {
    try {
      resize_and_crop(image, 64);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const std::string reason = ": too long to be scaled to 64 pixels on its shorter side";
  EXPECT_EQ(message(), "long.jpg: the picture is 1×60000" + reason);
  image.turned = true;
  EXPECT_EQ(message(), "long.jpg: the picture is 60000×1, turned by its EXIF orientation" + reason);
}

TEST(PreprocessShowo, ScalesToOneOnEitherSide) {
  Image image(2, 2);
  image.pixel(1, 0)[2] = 255;
  const auto tensor = preprocess_showo(image, 2);
  EXPECT_EQ(tensor.sizes(), (at::IntArrayRef{3, 2, 2}));
  EXPECT_EQ(tensor.scalar_type(), at::kFloat);
  EXPECT_EQ(tensor[2][0][1].item<float>(), 1);
  EXPECT_EQ(tensor.sum().item<float>(), -10);
}

TEST(PreprocessClip, StandardisesEachChannel) {
  const auto white = preprocess_clip(Image(5, 5, 255), 3);
  EXPECT_EQ(white.sizes(), (at::IntArrayRef{3, 3, 3}));
  EXPECT_NEAR(white[0][0][0].item<double>(), (1 - 0.48145466) / 0.26862954, 1e-6);
  EXPECT_NEAR(white[1][1][1].item<double>(), (1 - 0.4578275) / 0.26130258, 1e-6);
  EXPECT_NEAR(white[2][2][2].item<double>(), (1 - 0.40821073) / 0.27577711, 1e-6);
}

TEST(Tensors, GiveEveryByteBack) {
  Image image(16, 16);
  for (size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = static_cast<uint8_t>(i);
  const auto tensor = to_tensor(image);
  EXPECT_EQ(tensor.min().item<float>(), -1);
  EXPECT_EQ(tensor.max().item<float>(), 1);
  EXPECT_EQ(to_image(tensor), image);
  EXPECT_EQ(to_image(tensor.to(at::kDouble)), image);
  const Image wide = coordinates(5, 2);
  EXPECT_EQ(to_tensor(wide)[0][1][4].item<float>(), 4 / 127.5f - 1);
  EXPECT_EQ(to_image(to_tensor(wide)), wide);
}

TEST(ToImage, ClampsAndRounds) {
  const auto values = at::tensor({-3.f, -1.f, 0.001f, 0.9999f, 1.f, 40.f});
  const Image image = to_image(values.view({1, 1, 6}).expand({3, 1, 6}));
  for (int x = 0; x < 6; ++x) {
    const int expected[] = {0, 0, 128, 255, 255, 255};
    EXPECT_EQ(image.pixel(x, 0)[0], expected[x]) << x;
  }
}

Image mask_of(const std::vector<std::vector<int>>& rows) {
  Image mask(static_cast<int>(rows[0].size()), static_cast<int>(rows.size()));
  for (int y = 0; y < mask.height; ++y) {
    for (int x = 0; x < mask.width; ++x)
      std::fill_n(mask.pixel(x, y), 3, static_cast<uint8_t>(rows[y][x]));
  }
  return mask;
}

TEST(MaskToGrid, IsTrueWhereTheMaskIsWhite) {
  const auto grid = mask_to_grid(mask_of({{255, 0, 128}, {127, 255, 0}}), 2, 3);
  EXPECT_EQ(grid.scalar_type(), at::kBool);
  EXPECT_TRUE(grid.equal(at::tensor({1, 0, 1, 0, 1, 0}).view({2, 3}).to(at::kBool)));
}

TEST(MaskToGrid, MarksTheTokenOfASinglePixel) {
  for (int y = 0; y < 24; ++y) {
    for (int x = 0; x < 32; ++x) {
      Image mask(32, 24);
      std::fill_n(mask.pixel(x, y), 3, uint8_t{255});
      const auto grid = mask_to_grid(mask, 3, 4);
      EXPECT_EQ(grid.sum().item<int>(), 1) << x << ", " << y;
      EXPECT_TRUE(grid[y / 8][x / 8].item<bool>()) << x << ", " << y;
    }
  }
}

TEST(MaskToGrid, MarksEveryTokenThatAPixelReachesInto) {
  const auto grid = mask_to_grid(mask_of({{0, 255, 0}, {0, 0, 0}}), 4, 4);
  // The second of three columns spans the second and third quarter.
  EXPECT_TRUE(grid.equal(
      at::tensor({0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}).view({4, 4}).to(at::kBool)));
}

TEST(MaskToGrid, ShrinksToRowsAndColumns) {
  Image mask(64, 32);
  for (int y = 0; y < 32; ++y) std::fill_n(mask.pixel(32, y), 32 * 3, uint8_t{255});
  const auto grid = mask_to_grid(mask, 4, 8);
  EXPECT_TRUE(grid.equal(at::arange(8).ge(4).expand({4, 8})));
  EXPECT_TRUE(mask_to_grid(Image(50, 50, 255), 4, 4).all().item<bool>());
  EXPECT_FALSE(mask_to_grid(Image(50, 50, 0), 4, 4).any().item<bool>());
}

TEST(Paste, KeepsEveryPixelOutsideTheMask) {
  const Image original = read_ppm(kPictures / "rgb.png.ppm");
  const Image generated(original.width, original.height, 201);
  Image mask(original.width, original.height);
  for (size_t i = 0; i < mask.rgb.size(); ++i) mask.rgb[i] = static_cast<uint8_t>(i / 3);
  const Image result = paste(original, generated, mask);
  int kept = 0;
  for (int y = 0; y < original.height; ++y) {
    for (int x = 0; x < original.width; ++x) {
      const bool outside = mask.pixel(x, y)[0] < 128;
      const uint8_t* expected = (outside ? original : generated).pixel(x, y);
      ASSERT_TRUE(std::equal(expected, expected + 3, result.pixel(x, y))) << x << ", " << y;
      kept += outside;
    }
  }
  EXPECT_EQ(kept, 128);
}

TEST(Paste, RefusesSizesThatDiffer) {
  EXPECT_THROW(paste(Image(2, 3), Image(3, 2), Image(2, 3)), Error);
  EXPECT_THROW(paste(Image(2, 3), Image(2, 3), Image(2, 2)), Error);
}

}  // namespace
}  // namespace showo
