// Masks as files have them, and which tokens of a large picture's part they mark.
#include "showo/image/mask.h"

#include <ATen/ATen.h>
#include <unistd.h>

#include "tests/image/pictures.h"
#include "tests/image/png_chunks.h"

namespace showo {
namespace {

class Masks : public testing::Test {
 protected:
  void SetUp() override {
    path_ = fs::temp_directory_path() / fmt::format("showo-mask-{}.png", ::getpid());
  }
  void TearDown() override { fs::remove(path_); }
  // One row of RGBA pixels.
  std::vector<int> read(const std::vector<std::array<uint8_t, 4>>& pixels, bool inverted) {
    std::string row(1, '\0');
    for (const auto& pixel : pixels) row.append(pixel.begin(), pixel.end());
    auto size = compressBound(row.size());
    std::string packed(size, '\0');
    compress(reinterpret_cast<Bytef*>(packed.data()), &size,
             reinterpret_cast<const Bytef*>(row.data()), row.size());
    packed.resize(size);
    write_file_atomically(path_, "\x89PNG\r\n\x1a\n" +
                                     chunk("IHDR", number(static_cast<uint32_t>(pixels.size())) +
                                                       number(1) + std::string("\x8\x6\0\0\0", 5)) +
                                     chunk("IDAT", packed) + chunk("IEND", ""));
    const Image mask = read_mask(path_, inverted);
    std::vector<int> values;
    for (int x = 0; x < mask.width; ++x) {
      const uint8_t* p = mask.pixel(x, 0);
      EXPECT_TRUE(p[0] == p[1] && p[1] == p[2]);
      values.push_back(p[0]);
    }
    return values;
  }
  fs::path path_;
};

TEST_F(Masks, AreTheirLuminanceOverBlack) {
  const std::vector<std::array<uint8_t, 4>> pixels = {
      {255, 255, 255, 255}, {255, 255, 255, 0}, {0, 0, 0, 0},     {255, 255, 255, 100},
      {255, 0, 0, 255},     {0, 255, 0, 255},   {0, 0, 255, 255}, {128, 128, 128, 255}};
  const std::vector<int> plain = read(pixels, false), inverted = read(pixels, true);
  EXPECT_EQ(plain, (std::vector<int>{255, 0, 0, 100, 76, 150, 29, 128}));
  for (size_t i = 0; i < plain.size(); ++i) EXPECT_EQ(inverted[i], 255 - plain[i]);
}

TEST_F(Masks, KeepTheirName) {
  read({{1, 2, 3, 4}}, false);
  EXPECT_EQ(describe(read_mask(path_), "mask"), path_.string() + ": the mask is 1×1");
}

Image dot(int width, int height, int x, int y) {
  Image mask(width, height);
  std::fill_n(mask.pixel(x, y), 3, uint8_t{255});
  return mask;
}

TEST(MarkedBox, HoldsEveryWhitePixel) {
  EXPECT_EQ(marked_box(Image(5, 4)), Box());
  EXPECT_EQ(marked_box(dot(5, 4, 4, 3)), (Box{4, 3, 1, 1}));
  Image mask = dot(9, 7, 6, 1);
  mask.pixel(2, 5)[1] = 255;  // green is light enough
  mask.pixel(0, 6)[0] = 255;  // red is not
  EXPECT_EQ(marked_box(mask), (Box{2, 1, 5, 5}));
}

// However much a part is reduced: nothing of the mask is lost.
TEST(MaskToGrid, MarksTheTokenOfASinglePixelOfALargePicture) {
  const Placement placement({30, 10, 400, 400}, 64);
  for (const auto& [x, y] : {std::pair{30, 10}, {79, 10}, {80, 10}, {429, 409}, {200, 333}}) {
    const auto grid = mask_to_grid(dot(500, 420, x, y), placement, 8, 8);
    EXPECT_TRUE(grid[(y - 10) / 50][(x - 30) / 50].item<bool>()) << x << ", " << y;
    EXPECT_LE(grid.sum().item<int>(), 2) << "it may lie across the edge of two";
  }
}

TEST(MaskToGrid, OfTheModelsSizeIsAsWithoutAPlacement) {
  Image mask(32, 32);
  for (size_t i = 0; i < mask.rgb.size(); ++i) mask.rgb[i] = static_cast<uint8_t>(i * i / 77);
  EXPECT_TRUE(
      mask_to_grid(mask, Placement({0, 0, 32, 32}, 32), 16, 16).equal(mask_to_grid(mask, 16, 16)));
}

TEST(MaskToGrid, MarksMirrorImagesAsWell) {
  // Rows 0 to 7 of the oblong lie in rows 16 to 47 of the square, four times as large.
  const auto grid = mask_to_grid(dot(16, 8, 3, 0), Placement({0, 0, 16, 8}, 64), 8, 8);
  auto expected = at::zeros({8, 8}, at::kBool);
  expected[1][1] = expected[2][1] = true;
  EXPECT_TRUE(grid.equal(expected)) << grid;
}

TEST(Paste, OfAPartKeepsEverythingElse) {
  Image original(9, 7, 50), mask(9, 7, 255);
  original.name = "scene.png";
  std::fill_n(mask.pixel(4, 3), 3, uint8_t{127});
  const Image result = paste(original, Image(3, 2, 200), mask, 3, 2);
  EXPECT_EQ(result.name, "");
  for (int y = 0; y < 7; ++y) {
    for (int x = 0; x < 9; ++x) {
      const bool drawn = x >= 3 && x < 6 && y >= 2 && y < 4 && !(x == 4 && y == 3);
      EXPECT_EQ(*result.pixel(x, y), drawn ? 200 : 50) << x << ", " << y;
    }
  }
  EXPECT_THROW(paste(original, Image(3, 2), mask, 7, 2), Error);
  EXPECT_THROW(paste(original, Image(3, 2), mask, -1, 2), Error);
}

}  // namespace
}  // namespace showo
