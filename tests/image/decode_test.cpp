// Every kind of file against what Pillow reads from it, and every kind of bad file.
#include "showo/image/decode.h"

#include "showo/image/alpha.h"
#include "showo/image/png.h"
#include "tests/image/pictures.h"
#include "tests/support/within.h"

namespace showo {
namespace {

// Lossless files leave nothing to choose. Lossy ones differ with the version of the decoder: of
// the inverse DCT's last bit, twice for CMYK, and of how chroma is interpolated.
int tolerance(const std::string& name) {
  if (name.ends_with(".jpg")) return 2;
  return name.starts_with("lossy") ? 1 : 0;
}

class Readable : public testing::TestWithParam<std::string> {};

TEST_P(Readable, DecodesAsPillowDoes) {
  const Image image = read_image(kPictures / GetParam());
  const Image expected = read_ppm(kPictures / (GetParam() + ".ppm"));
  ASSERT_EQ(image.width, expected.width);
  ASSERT_EQ(image.height, expected.height);
  EXPECT_LE(largest_difference(image, expected), tolerance(GetParam()));
}

TEST_P(Readable, IsRefusedWhenCut) {
  const std::string whole = read_file(kPictures / GetParam());
  for (size_t tenths = 0; tenths < 10; ++tenths) {
    const std::string message = complaint(whole.substr(0, whole.size() * tenths / 10));
    EXPECT_TRUE(message.starts_with("some.file: ")) << tenths << "/10: " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST_P(Readable, IsRefusedAboveTheLimit) {
  const std::string whole = read_file(kPictures / GetParam());
  const Image image = decode(whole);
  const int64_t pixels = int64_t{image.width} * image.height;
  EXPECT_EQ(complaint(whole, pixels), "");
  const std::string message = complaint(whole, pixels - 1);
  EXPECT_NE(message.find(fmt::format("more than the limit of {} in all", pixels - 1)),
            std::string::npos)
      << message;
}

INSTANTIATE_TEST_SUITE_P(Pictures, Readable, testing::ValuesIn(kReadable), test_name);

struct Bad {
  const char *file, *expected;
};

const Bad kBad[] = {
    {"empty.png", "some.file: the file is empty"},
    {"text.png", "some.file: not a PNG, JPEG or WebP picture"},
    {"signature.png", "some.file: not a readable PNG: the file ends too early"},
    {"signature.jpg", "some.file: not a readable JPEG: "},
    {"signature.webp", "some.file: not a readable WebP"},
    {"huge.png", "some.file: the picture is 60000×60000 pixels, more than the limit of 64000000"},
    {"huge_interlaced.png", "some.file: the picture is 60000×60000 pixels, more than the limit"},
    {"above_31_bits.png", "some.file: not a readable PNG: "},
    {"huge.jpg", "some.file: the picture is 60000×60000 pixels, more than the limit"},
    {"huge_progressive.jpg", "some.file: the picture is 60000×60000 pixels, more than the limit"},
    {"huge.webp", "some.file: "},
    {"huge_lossless.webp", "some.file: the picture is 16384×16384 pixels, more than the limit"},
    {"huge_lossy.webp", "some.file: the picture is 16383×16383 pixels, more than the limit"},
    {"zero_width.png", "some.file: not a readable PNG: "},
    {"zero_height.png", "some.file: not a readable PNG: "},
    {"zero_width.jpg", "some.file: not a readable JPEG: "},
    {"zero_height.jpg", "some.file: not a readable JPEG: "},
    {"zero_width.webp", "some.file: "},
    {"zero_height.webp", "some.file: "},
    {"header_crc.png", "some.file: not a readable PNG: "},
    {"data_crc.png", "some.file: not a readable PNG: "},
    {"changed_data.png", "some.file: not a readable PNG: "},
    {"too_few_rows.png", "some.file: not a readable PNG: "},
    {"no_end.png", "some.file: not a readable PNG: the file ends too early"},
    {"no_end.jpg", "some.file: not a readable JPEG: "},
    {"no_palette.png", "some.file: not a readable PNG: "},
    {"animated.webp", "some.file: an animated WebP; expected a single picture"},
};

TEST(BadPictures, SayInOneLineWhatIsWrong) {
  for (const auto& [file, expected] : kBad) {
    const std::string message = complaint(read_file(kPictures / "bad" / file));
    EXPECT_TRUE(message.starts_with(expected)) << file << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST(BadPictures, OfOtherFormatsAreNamed) {
  const std::string nul(1, '\0');
  for (const auto& [bytes, kind] : std::initializer_list<std::pair<std::string, std::string>>{
           {"GIF89a", "GIF"},
           {"BM", "BMP"},
           {"II*" + nul, "TIFF"},
           {"MM" + nul + "*", "TIFF"},
           {nul + nul + nul + " ftypavif", "AVIF"},
           {nul + nul + nul + " ftypheic", "HEIF"},
           {nul + nul + nul + "\x0cJXL \r\n", "JPEG XL"}}) {
    EXPECT_EQ(complaint(bytes),
              fmt::format("some.file: a {} picture, expected PNG, JPEG or WebP", kind));
  }
}

TEST(BadPictures, AreRefusedBeforeAnythingLargeIsAllocated) {
  if (sanitized()) GTEST_SKIP() << "the sanitizer's own map is far above any limit";
  constexpr uint64_t kSpare = 32 << 20;
  EXPECT_FALSE(holds_within(kSpare, [] { return std::vector<char>(2 * kSpare).size() > 0; }));
  for (const char* file : {"huge.png", "huge_interlaced.png", "huge.jpg", "huge_progressive.jpg",
                           "huge.webp", "huge_lossless.webp", "huge_lossy.webp"}) {
    const std::string bytes = read_file(kPictures / "bad" / file);
    EXPECT_TRUE(holds_within(kSpare, [&] { return !complaint(bytes).empty(); })) << file;
  }
}

TEST(ReadImage, NamesTheFile) {
  for (const char* file : {"bad/text.png", "bad/empty.png", "missing.png", "bad"}) {
    try {
      read_image(kPictures / file);
      ADD_FAILURE() << file;
    } catch (const Error& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with((kPictures / file).string() + ": "))
          << error.what();
    }
  }
}

TEST(Describe, GivesTheFilesNameAndTheSizeThatItHas) {
  const auto named = [](const char* file) {
    return describe(read_image(kPictures / file)).substr(kPictures.string().size() + 1);
  };
  EXPECT_EQ(named("rgb.png"), "rgb.png: the picture is 19×13");
  EXPECT_EQ(named("orientation_3.jpg"), "orientation_3.jpg: the picture is 19×13");
  EXPECT_EQ(named("orientation_6.jpg"),
            "orientation_6.jpg: the picture is 19×13, turned by its EXIF orientation");
  EXPECT_EQ(describe(Image(3, 2), "mask"), "the mask is 3×2");
}

TEST(Flatten, MixesWithWhiteAndRounds) {
  const Rgba picture{4, 1, {10, 20, 30, 255, 10, 20, 30, 0, 0, 100, 255, 128, 0, 1, 2, 1}};
  EXPECT_EQ(flatten(picture).rgb,
            (std::vector<uint8_t>{10, 20, 30, 255, 255, 255, 127, 177, 255, 254, 254, 254}));
}

TEST(Flatten, MixesWithBlackAndRounds) {
  const Rgba picture{4, 1, {10, 20, 30, 255, 10, 20, 30, 0, 0, 100, 255, 128, 0, 1, 2, 1}};
  EXPECT_EQ(flatten(picture, Ground::kBlack).rgb,
            (std::vector<uint8_t>{10, 20, 30, 0, 0, 0, 0, 50, 128, 0, 0, 0}));
}

TEST(DecodePng, KeepsColourWhereNothingIsVisible) {
  const std::string file = read_file(kPictures / "rgba.png");
  const Rgba picture = decode_png(std::as_bytes(std::span(file)), "rgba.png");
  const Image opaque = read_ppm(kPictures / "rgb.png.ppm");
  for (size_t i = 0; i < opaque.rgb.size() / 3; ++i) {
    for (size_t c = 0; c < 3; ++c)
      ASSERT_EQ(picture.rgba[4 * i + c], opaque.rgb[3 * i + c]) << i << " " << c;
  }
  EXPECT_EQ(picture.rgba[3], 0);
}

}  // namespace
}  // namespace showo
