// An Error is one line that a terminal can show, whatever it was made of.
#include "showo/core/error.h"

#include <gtest/gtest.h>

#include <random>

#include "showo/core/utf8.h"

namespace showo {
namespace {

std::string message_of(const std::string& name) {
  try {
    fail("a.file: tensor '{}' is missing", name);
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Error, ShowsTextAsItIs) {
  for (const std::string name :
       {"model.layers.0.q_proj", "Größe 8×8 猫 🐈", "C:\\new \"quoted\"", ""})
    EXPECT_EQ(message_of(name), "a.file: tensor '" + name + "' is missing");
}

TEST(Error, EscapesControlCharactersAndBytesThatAreNoText) {
  for (const auto& [name, expected] : std::initializer_list<std::pair<std::string, std::string>>{
           {"two\nlines", "two\\nlines"},
           {"\r\t", "\\r\\t"},
           {std::string("\0", 1), "\\x00"},
           {"\x1b[31mred\x7f", "\\x1b[31mred\\x7f"},
           {"\u0080\u0085\u009f", "\\xc2\\x80\\xc2\\x85\\xc2\\x9f"},
           {"\u2028\u2029", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9"},
           {"\u00a0\u2027\u202f", "\u00a0\u2027\u202f"},
           {"caf\xe9!", "caf\\xe9!"},
           {"\xe7\x8c", "\\xe7\\x8c"},
           {"\xed\xa0\x80", "\\xed\\xa0\\x80"}}) {
    EXPECT_EQ(message_of(name), "a.file: tensor '" + expected + "' is missing");
  }
}

TEST(Error, OfAnyKindIsOneLine) {
  EXPECT_STREQ(Error("a\nb").what(), "a\\nb");
  EXPECT_STREQ(UsageError("--out a\nb").what(), "--out a\\nb");
}

TEST(Error, KeepsBothEndsOfWhatIsLong) {
  const std::string path(4096, 'p');
  EXPECT_EQ(message_of(path), "a.file: tensor '" + path + "' is missing");
  for (const char* piece : {"x", "\n", "\xff", "é", "猫", "🐈"}) {
    std::string name;
    while (name.size() < 1'000'000) name += piece;
    const std::string message = message_of(name);
    EXPECT_LE(message.size(), 8192u);
    EXPECT_GT(message.size(), 8000u);
    EXPECT_TRUE(message.starts_with("a.file: tensor '"));
    EXPECT_TRUE(message.ends_with("' is missing"));
    EXPECT_EQ(message.find("\\x"), std::string(piece) == "\xff" ? 16u : std::string::npos);
  }
}

TEST(OneLine, IsTextAndStaysAsItIs) {
  std::mt19937 random(3);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % (round % 100 ? 50 : 20000), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    const std::string line = one_line(bytes);
    EXPECT_EQ(one_line(line), line);
    for (size_t at = 0; at < line.size();) {
      const size_t length = utf8_length(std::string_view(line).substr(at));
      ASSERT_GT(length, 0u) << round;
      ASSERT_GE(static_cast<unsigned char>(line[at]), ' ') << round;
      at += length;
    }
  }
}

}  // namespace
}  // namespace showo
