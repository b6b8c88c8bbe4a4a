// Which pictures a folder has, and with which texts, in the forms that are drawn and handed on.
#include "showo/eval/texted_pictures.h"

#include <gtest/gtest.h>

#include "showo/core/error.h"
#include "showo/image/png.h"

namespace showo {
namespace {

class TextedPictures : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = temporary_name(fs::temp_directory_path() / "showo-texted");
    make_folder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) const {
    make_folder((folder_ / name).parent_path());
    write_file_atomically(folder_ / name, text);
  }
  void draw(const std::string& name, const Image& image = Image(4, 4, 9)) const {
    make_folder((folder_ / name).parent_path());
    write_png(folder_ / name, image);
  }
  std::vector<std::string> found() {
    std::vector<std::string> lines;
    for (const auto& [place, text] : pictures_with_texts(folder_, problems_))
      lines.push_back(place.name(folder_) + ": " + text);
    return lines;
  }
  std::string complaint() {
    try {
      found();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  using Lines = std::vector<std::string>;
  fs::path folder_;
  Problems problems_;
};

TEST_F(TextedPictures, AreThoseOfTheList) {
  draw("pictures/a.png");
  draw("pictures/b.png");
  write(kPromptsFile,
        "{\"file\": \"pictures/a.png\", \"prompt\": \"an apple\"}\n"
        "{\"file\": \"pictures/b.png\", \"prompt\": \"a bus\", \"pictures\": 2}\n"
        "{\"file\": \"pictures/c.png\", \"prompt\": \"a car\"}\n");
  EXPECT_EQ(found(), (Lines{"pictures/a.png: an apple", "pictures/b.png#0: a bus",
                            "pictures/b.png#1: a bus"}));
  EXPECT_EQ(problems_.to_json()["missing"]["count"], 1);
}

TEST_F(TextedPictures, AreGenevalsSamples) {
  draw("00000/samples/00000.png");
  draw("00000/samples/00001.png");
  write("00000/metadata.jsonl", R"({"prompt": "a bench", "tag": "single_object"})");
  write("00001/metadata.jsonl", R"({"prompt": "a cow"})");
  EXPECT_EQ(found(),
            (Lines{"00000/samples/00000.png: a bench", "00000/samples/00001.png: a bench"}));
  EXPECT_EQ(problems_.to_json()["missing"]["count"], 1);
}

TEST_F(TextedPictures, AreThoseWithATextBeside) {
  draw("x.png");
  draw("y.png");
  write("x.txt", "a fox\n");
  EXPECT_EQ(found(), Lines{"x.png: a fox"});
  EXPECT_EQ(problems_.to_json()["no text"]["count"], 1);
  Problems none;
  EXPECT_EQ(pictures_in(folder_, none).size(), 2U);
  EXPECT_TRUE(none.empty());
}

TEST_F(TextedPictures, NameAFolderWithout) {
  EXPECT_NE(complaint().find("no pictures with texts; looked for prompts.jsonl"),
            std::string::npos);
  EXPECT_THROW(pictures_in(folder_, problems_), Error);
  EXPECT_THROW(pictures_in(folder_ / "none", problems_), Error);
  write(kPromptsFile, "{\"file\": \"a.png\", \"prompt\": \"a\", \"pictures\": 5}\n");
  EXPECT_NE(complaint().find("prompts.jsonl: line 1: 'pictures': expected 1 to 4, found 5"),
            std::string::npos);
}

TEST_F(TextedPictures, QuartersAreThePicturesOfASquareInReadingOrder) {
  std::vector<Image> pictures;
  for (uint8_t value : {10, 20, 30}) pictures.emplace_back(3, 2, value);
  const Image square = square_of(pictures);
  EXPECT_EQ(square.width, 6);
  EXPECT_EQ(square.height, 4);
  draw("square.png", square);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ((PicturePlace{folder_ / "square.png", i}.read()), pictures[i]) << i;
  EXPECT_EQ((PicturePlace{folder_ / "square.png", 3}.read()), Image(3, 2));
  EXPECT_EQ(square_of({pictures[0]}), pictures[0]);
  draw("odd.png", Image(5, 4));
  EXPECT_THROW((PicturePlace{folder_ / "odd.png", 0}.read()), Error);
}

}  // namespace
}  // namespace showo
