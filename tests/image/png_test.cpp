// PNG files that the library writes: the same pixels and texts come back.
#include "showo/image/png.h"

#include <unistd.h>

#include "showo/image/decode.h"
#include "tests/image/pictures.h"

namespace showo {
namespace {

class PngFiles : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("showo-png-{}", ::getpid());
    make_folder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

TEST(EncodePng, GivesThePixelsBackAtEveryLevel) {
  const Image scene = read_ppm(kPictures / "rgb.png.ppm");
  for (int level = 0; level <= 9; ++level) EXPECT_EQ(decode(encode_png(scene, {}, level)), scene);
  for (const auto& [width, height] : {std::pair{1, 1}, {1, 9}, {300, 1}, {255, 3}}) {
    Image image(width, height);
    for (size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = static_cast<uint8_t>(i * 89);
    EXPECT_EQ(decode(encode_png(image)), image) << width << "×" << height;
  }
}

TEST(EncodePng, DependsOnNothingButItsArguments) {
  const Image scene = read_ppm(kPictures / "rgb.png.ppm");
  EXPECT_EQ(encode_png(scene, {{"seed", "7"}}), encode_png(scene, {{"seed", "7"}}));
  EXPECT_NE(encode_png(scene, {{"seed", "7"}}), encode_png(scene, {{"seed", "8"}}));
}

TEST(EncodePng, RefusesAnEmptyPictureAndKeysThatPngHasNot) {
  EXPECT_THROW(encode_png(Image()), Error);
  EXPECT_THROW(encode_png(Image(0, 3)), Error);
  for (const std::string& key : {std::string(), std::string(80, 'k'), std::string("猫"),
                                 std::string(" seed"), std::string("a\nb")})
    EXPECT_THROW(encode_png(Image(1, 1), {{key, "value"}}), Error) << key;
  EXPECT_NO_THROW(encode_png(Image(1, 1), {{std::string(79, 'k'), "value"}}));
}

TEST_F(PngFiles, KeepTheirTexts) {
  const PngText texts = {{"prompt", "eine Katze 🐈 auf dem Stuhl,\n猫が椅子にいる"},
                         {"settings", R"({"seed": 42, "steps": 18})"},
                         {"two words", std::string(20000, 'x')},
                         {"nothing", ""}};
  const Image scene = read_ppm(kPictures / "rgb.png.ppm");
  write_png(folder_ / "kept.png", scene, texts);
  EXPECT_EQ(read_png_text(folder_ / "kept.png"), texts);
  EXPECT_EQ(read_image(folder_ / "kept.png"), scene);
}

TEST(ReadPngText, FindsEveryKindBeforeAndAfterThePixels) {
  EXPECT_EQ(read_png_text(kPictures / "texts.png"),
            (PngText{{"early", "one"}, {"packed", "two"}, {"late", "猫"}}));
  EXPECT_EQ(read_png_text(kPictures / "rgb.png"), PngText{});
  EXPECT_EQ(read_png_text(kPictures / "interlaced.png"), PngText{});
}

TEST(ReadPngText, RefusesWhatIsNoPng) {
  for (const char* file : {"rgb.jpg", "bad/text.png", "bad/empty.png", "bad/signature.png",
                           "bad/header_crc.png", "missing.png"}) {
    try {
      read_png_text(kPictures / file);
      ADD_FAILURE() << file;
    } catch (const Error& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with((kPictures / file).string() + ": "))
          << error.what();
    }
  }
}

TEST_F(PngFiles, NameThePathThatCannotBeWritten) {
  const fs::path path = folder_ / "missing" / "picture.png";
  try {
    write_png(path, Image(2, 2));
    FAIL();
  } catch (const Error& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with(path.string())) << error.what();
  }
}

}  // namespace
}  // namespace showo
