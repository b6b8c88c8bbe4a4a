// Text that grows with its ids.
#include "showo/text/stream_decoder.h"

#include <gtest/gtest.h>

#include <random>

#include "showo/text/utf8_runs.h"

namespace showo {
namespace {

using IdList = std::vector<int64_t>;
const fs::path kStreamData = SHOWO_SOURCE_DIR "/tests/text/data";

class Streams : public testing::TestWithParam<const char*> {
 protected:
  const std::shared_ptr<const Tokenizer> tokenizer_ = Tokenizer::from_folder(kStreamData / GetParam());
};

bool is_utf8(std::string_view text) {
  bool valid = true;
  for_each_run(text, [&](std::string_view, bool run_valid) { valid &= run_valid; });
  return valid;
}

TEST_P(Streams, GiveWholeCharactersThatComeToTheDecodedText) {
  const std::string text = " naïve 猫 👩‍👩‍👧 the cat\n é 𝔘 ½";
  const auto ids = tokenizer_->encode(text);
  ASSERT_GT(ids.size(), 20u);
  StreamDecoder stream(tokenizer_);
  std::string together;
  int pieces = 0;
  for (size_t i = 0; i < ids.size(); ++i) {
    const std::string piece = stream.add(ids[i]);
    EXPECT_TRUE(is_utf8(piece)) << testing::PrintToString(piece);
    pieces += !piece.empty();
    together += piece;
    // Nothing is held back but the bytes of one character.
    const auto decoded = tokenizer_->decode(IdList(ids.begin(), ids.begin() + i + 1));
    EXPECT_LE(decoded.size() - together.size(), 3u);
  }
  EXPECT_EQ(together, tokenizer_->decode(ids));
  EXPECT_EQ(stream.rest(), "");
  EXPECT_GT(pieces, 8);
}

TEST_P(Streams, GiveBytesThatBecomeNoCharacterAsTheyAre) {
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    IdList ids(1 + random() % 12);
    for (auto& id : ids) id = static_cast<int64_t>(random() % tokenizer_->size());
    StreamDecoder stream(tokenizer_);
    std::string together;
    for (const auto id : ids) together += stream.add(id);
    EXPECT_EQ(together + stream.rest(), tokenizer_->decode(ids));
  }
}

INSTANTIATE_TEST_SUITE_P(Tokenizers, Streams,
                         testing::Values("gpt2_pattern", "llama3", "llama2_new",
                                         "sentencepiece_legacy", "sentencepiece_unigram"),
                         [](const auto& info) { return std::string(info.param); });

TEST(StreamDecoder, HoldsBackAnUnfinishedCharacterAndNothingElse) {
  const auto tokenizer = Tokenizer::from_folder(kStreamData / "gpt2_pattern");
  StreamDecoder stream(tokenizer);
  auto add = [&](char byte) { return stream.add(*tokenizer->id_of(std::string(1, byte))); };
  EXPECT_EQ(add('\xe7'), "");
  EXPECT_EQ(add('\x8c'), "");
  EXPECT_EQ(add('\xab'), "猫");
  EXPECT_EQ(add('\xff'), "\xff");  // begins no character
  EXPECT_EQ(add('\xed'), "");
  EXPECT_EQ(add('\xa0'), "\xed\xa0");  // a surrogate, which is none
  EXPECT_EQ(add('\xf0'), "");
  EXPECT_EQ(add('a'),
            "\xf0"
            "a");
  EXPECT_EQ(add('\xc3'), "");
  EXPECT_EQ(stream.rest(), "\xc3");
  EXPECT_EQ(stream.rest(), "");
  EXPECT_THROW(stream.add(-1), Error);
}

// "▁cat" begins a text without its space, and goes on after one with it.
TEST(StreamDecoder, KeepsTheSpaceOfATextThatGoesOn) {
  const auto tokenizer = Tokenizer::from_folder(kStreamData / "sentencepiece_legacy");
  const auto ids = tokenizer->encode("the cat");
  EXPECT_EQ(StreamDecoder(tokenizer).add(ids[0]), "the");
  EXPECT_EQ(StreamDecoder(tokenizer, /*begins=*/false).add(ids[0]), " the");
}

}  // namespace
}  // namespace showo
