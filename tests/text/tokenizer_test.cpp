// phi-1.5's tokenizer: the ids of the `tokenizers` package, exact bytes back, and no text, however
// odd, that becomes a special token, is lost or takes long.
#include "showo/text/tokenizer.h"

#include <gtest/gtest.h>

#include <ctime>
#include <random>

namespace showo {
namespace {

using IdList = std::vector<int64_t>;
constexpr int64_t kEndOfText = 50256, kThirtyOneSpaces = 50257, kTwoSpaces = 50286,
                  kNineTabs = 50287;

const Tokenizer& phi() {
  static const auto tokenizer = Tokenizer::from_folder(SHOWO_SOURCE_DIR "/models/phi-tokenizer");
  return *tokenizer;
}

// Well-formed text, control characters, spaces and arbitrary bytes, mixed.
std::string random_bytes(std::mt19937& random) {
  static const std::vector<std::string> pieces = {
      "the", " cat", "  ", "\t\t",          "\n",   "é",       "猫",
      "🐈",   "'ll",  "12", "<|endoftext|>", "\xc3", "\xf0\x9f"};
  std::string text;
  for (int i = std::uniform_int_distribution(0, 40)(random); i > 0; --i) {
    const bool byte = random() % 3 == 0;
    text += byte ? std::string(1, static_cast<char>(random())) : pieces[random() % pieces.size()];
  }
  return text;
}

TEST(Tokenizer, GivesPhisIds) {
  EXPECT_EQ(phi().size(), 50295);
  EXPECT_EQ(phi().encode("A photo of a cat, isn't it?"),
            (IdList{32, 4590, 286, 257, 3797, 11, 2125, 470, 340, 30}));
  EXPECT_EQ(phi().encode("naïve café 猫"), (IdList{2616, 38776, 40304, 13328, 234, 104}));
  EXPECT_EQ(phi().encode("USER: \nWhat is it? ASSISTANT:"),
            (IdList{29904, 25, 220, 198, 2061, 318, 340, 30, 24994, 8808, 8643, 25}));
  EXPECT_EQ(phi().encode(""), IdList{});
}

TEST(Tokenizer, TakesTheLongestRunOfSpacesOrTabs) {
  EXPECT_EQ(phi().encode("  "), IdList{kTwoSpaces});
  EXPECT_EQ(phi().encode(std::string(33, ' ')), (IdList{kThirtyOneSpaces, kTwoSpaces}));
  EXPECT_EQ(phi().encode(std::string(9, '\t')), IdList{kNineTabs});
  EXPECT_EQ(phi().encode("a  b"), (IdList{64, kTwoSpaces, 65}));
}

TEST(Tokenizer, CountsTheMongolianVowelSeparatorAsNoSpace) {
  EXPECT_EQ(phi().encode("! \u180e"), (IdList{0, 28053, 254, 236}));
}

TEST(Tokenizer, NeverMakesASpecialTokenOfWhatAUserTypes) {
  EXPECT_EQ(phi().encode("<|endoftext|>"), (IdList{27, 91, 437, 1659, 5239, 91, 29}));
  EXPECT_EQ(phi().encode("a<|endoftext|>", true), (IdList{64, kEndOfText}));
  std::mt19937 random(1);
  for (int i = 0; i < 500; ++i) {
    const auto ids = phi().encode("<|endoftext|>" + random_bytes(random));
    EXPECT_EQ(std::count(ids.begin(), ids.end(), kEndOfText), 0);
  }
}

TEST(Tokenizer, KnowsAddedTokensByName) {
  EXPECT_EQ(phi().id_of("<|endoftext|>"), kEndOfText);
  EXPECT_EQ(phi().id_of("  "), kTwoSpaces);
  EXPECT_EQ(phi().id_of(" cat"), 3797);
  EXPECT_EQ(phi().id_of("<|soi|>"), std::nullopt);
}

TEST(Tokenizer, GivesBackAnyBytes) {
  std::mt19937 random(7);
  for (int i = 0; i < 5000; ++i) {
    const std::string text = random_bytes(random);
    ASSERT_EQ(phi().decode(phi().encode(text, i % 2)), text) << testing::PrintToString(text);
  }
}

TEST(Tokenizer, EncodesInvalidUtf8ByteByByte) {
  EXPECT_EQ(phi().encode("a\xff\xfe"), (IdList{64, *phi().id_of("\xff"), *phi().id_of("\xfe")}));
  // A cut character does not disturb its neighbours.
  EXPECT_EQ(phi().encode("a cat\xc3 a cat"), (IdList{64, 3797, *phi().id_of("\xc3"), 257, 3797}));
}

TEST(Tokenizer, RefusesToDecodeIdsItDoesNotHave) {
  EXPECT_THROW(phi().decode(IdList{-1}), Error);
  EXPECT_THROW(phi().decode(IdList{64, 50295}), Error);
  EXPECT_EQ(phi().decode(IdList{kNineTabs}), std::string(9, '\t'));
}

// Merging or checking in quadratic time takes minutes here, the heap half a second at most.
TEST(Tokenizer, TakesNoLongerForAMegabyteOfTheWorstText) {
  const size_t size = 1 << 20;
  std::string prose, broken;
  while (prose.size() < size) prose += "The quick brown fox isn't 42 years old, they said.\n";
  while (broken.size() < size) broken += "fox\xff";
  for (const std::string& text :
       {std::string(size, 'a'), std::string(size, '!'), std::string(size, '\n'),
        std::string(size, '\x80'), prose, broken}) {
    const std::clock_t start = std::clock();  // processor time, whatever else runs
    const auto ids = phi().encode(text);
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    EXPECT_LT(seconds, 10) << testing::PrintToString(text.substr(0, 8));
    EXPECT_EQ(phi().decode(ids), text);
  }
}

TEST(Tokenizer, TakesAMegabyteOfTheWorstTextOfEveryKind) {
  const size_t size = 1 << 20;
  for (const char* kind : {"llama3", "llama2_new", "sentencepiece_legacy"}) {
    const auto tokenizer =
        Tokenizer::from_folder(fs::path(SHOWO_SOURCE_DIR "/tests/text/data") / kind);
    for (const char letter : {'a', '\n', '\x80', '<'}) {
      const std::string text(size, letter);
      EXPECT_EQ(tokenizer->decode(tokenizer->encode(text, true)), text) << kind << letter;
    }
  }
}

}  // namespace
}  // namespace showo
