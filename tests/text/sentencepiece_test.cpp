// Sentencepiece models: what the library does not check of its file, and does not do with bytes.
#include <gtest/gtest.h>
#include <unistd.h>

#include <random>

#include "showo/text/protobuf.h"
#include "showo/text/sentencepiece_file.h"
#include "showo/text/tokenizer.h"

namespace showo {
namespace {

using IdList = std::vector<int64_t>;
const fs::path kData = SHOWO_SOURCE_DIR "/tests/text/data";

class SentencePiece : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("showo-sentencepiece-{}", ::getpid());
    make_folder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) const {
    write_file_atomically(folder_ / name, text);
  }
  auto load() const { return Tokenizer::from_folder(folder_); }
  std::string complaint() const {
    try {
      load();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  const std::string model_ = read_file(kData / "sentencepiece_legacy/tokenizer.model");
  fs::path folder_;
};

std::string field(uint32_t number, std::string_view bytes) {
  std::string message;
  append_field(number, bytes, message);
  return message;
}

TEST_F(SentencePiece, GivesBackAnyBytes) {
  std::mt19937 random(7);
  for (const char* form : {"sentencepiece_legacy", "llama2_legacy", "sentencepiece_new"}) {
    const auto tokenizer = Tokenizer::from_folder(kData / form);
    for (int i = 0; i < 1000; ++i) {
      std::string text;
      const std::string parts[] = {"a", " ",    "the cat",  "猫",  "\n",
                                   "é", "\xff", "\xe7\x8c", "</s>"};
      for (size_t n = random() % 8; n > 0; --n) text += parts[random() % std::size(parts)];
      EXPECT_EQ(tokenizer->decode(tokenizer->encode(text)), text) << testing::PrintToString(text);
    }
  }
}

TEST_F(SentencePiece, EncodesInvalidUtf8ByteByByteWithoutASpaceBehindIt) {
  for (const char* form : {"sentencepiece_legacy", "llama2_legacy"}) {
    const auto tokenizer = Tokenizer::from_folder(kData / form);
    const auto ids = tokenizer->encode(
        "the cat\xff"
        "the cat");
    EXPECT_EQ(ids, (IdList{264, 322, 3 + 0xff, 386, 259, 322})) << form;
  }
}

TEST_F(SentencePiece, BothFormsOfLlama2Agree) {
  const auto model = Tokenizer::from_folder(kData / "sentencepiece_legacy");
  const auto json = Tokenizer::from_folder(kData / "llama2_legacy");
  std::mt19937 random(11);
  const std::string alphabet[] = {"a", "t",  "h", "e",  " ", "  ", "cat",
                                  "1", "\n", "ä", "猫", "▁", "<"};
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    for (size_t n = random() % 20; n > 0; --n) text += alphabet[random() % std::size(alphabet)];
    ASSERT_EQ(model->encode(text), json->encode(text)) << text;
  }
}

TEST_F(SentencePiece, TakesItsEndsFromTheModelWhereNoFileTellsThem) {
  write("tokenizer.model", model_);
  EXPECT_EQ(load()->bos(), 1);
  EXPECT_EQ(load()->eos(), 2);
  write("tokenizer_config.json", R"({"eos_token": "<unk>", "bos_token": null})");
  EXPECT_EQ(load()->bos(), std::nullopt);
  EXPECT_EQ(load()->eos(), 0);
}

TEST_F(SentencePiece, NamesTheFileAndWhatIsWrongInIt) {
  const std::string byte = field(1, field(1, "x") + std::string("\x18\x06", 2));
  for (const auto& [model, expected] : std::initializer_list<std::pair<std::string, const char*>>{
           {"", "not a sentencepiece model: it has no pieces"},
           {"IQ== 0\nIg== 1\n", "not a sentencepiece model"},
           {"version https://example.org/spec", "not a sentencepiece model"},
           {model_.substr(0, model_.size() / 2), "not a sentencepiece model"},
           {model_.substr(0, model_.size() - 1), "not a sentencepiece model, or damaged"},
           {field(1, field(1, "a")), "not a sentencepiece model: "},  // no unknown piece
           {model_ + byte, "not a sentencepiece model: "},            // no byte's name
           {model_ + field(1, field(1, "")), "piece 480 is no text"},
           {model_ + field(1, field(1, "\xff")), "piece 480 is no text"},
           {model_ + field(1, field(1, "x") + std::string("\x15\0\0\xc0\x7f", 5)),
            "piece 480 has no finite score"},
           {model_ + field(1, field(1, "x") + std::string("\x18\x09", 2)),
            "piece 480 is of type 9, expected 1 to 6"},
           {model_ + field(2, std::string("\xc0\x01\x01", 3)),
            "trainer_spec: treat_whitespace_as_suffix is not supported"},
           {model_ + field(3, field(2, "map")), "normalizer_spec: precompiled_charsmap is damaged"},
           {model_ + field(3, std::string("\x28\x00", 2)),
            "normalizer_spec: escape_whitespaces false is not supported"},
       }) {
    write("tokenizer.model", model);
    const std::string message = complaint();
    EXPECT_NE(message.find(expected), std::string::npos) << message << "\n" << expected;
    EXPECT_TRUE(message.starts_with((folder_ / "tokenizer.model").string())) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos);
  }
}

TEST_F(SentencePiece, NamesTheKeyOfTheConfigurationThatIsNotSupported) {
  write("tokenizer.model", model_);
  for (const auto& [config, expected] : std::initializer_list<std::pair<const char*, const char*>>{
           {R"({"sp_model_kwargs": {"enable_sampling": true}})", "sp_model_kwargs"},
           {R"({"add_prefix_space": false})", "add_prefix_space false is not supported"},
           {R"({"add_prefix_space": "no"})", "add_prefix_space: expected true or false"},
           {R"({"legacy": 1})", "legacy: expected true or false"},
           {R"({"bos_token": 7})", "bos_token: expected a token, found 7"},
           {R"({"eos_token": "<eos>"})", "eos_token: the tokenizer has no '<eos>'"},
           {R"({"added_tokens_decoder": []})", "added_tokens_decoder: expected ids"},
           {R"({"added_tokens_decoder": {"x": {"content": "y"}}})", "'y': expected an id, found x"},
           {R"({"added_tokens_decoder": {"480": {"content": "y", "lstrip": true}}})",
            "'y': lstrip is not supported"},
           {R"({"added_tokens_decoder": {"5": {"content": "y"}}})", "the id 5 of another token"},
           {"[]", "expected keys and values"},
       }) {
    write("tokenizer_config.json", config);
    const std::string message = complaint();
    EXPECT_NE(message.find(expected), std::string::npos) << message << "\n" << expected;
    EXPECT_TRUE(message.starts_with((folder_ / "tokenizer_config.json").string())) << message;
  }
}

TEST_F(SentencePiece, SurvivesAnyDamage) {
  std::mt19937 random(3);
  for (const char* form : {"sentencepiece_legacy", "sentencepiece_unigram"}) {
    const std::string good = read_file(kData / form / "tokenizer.model");
    int refused = 0, read = 0;
    for (int i = 0; i < 250; ++i) {
      std::string bytes = good;
      for (int flips = 1 + i % 3; flips > 0; --flips) {
        bytes[random() % bytes.size()] = static_cast<char>(random());
      }
      if (i % 4 == 0) bytes.resize(random() % bytes.size());
      write("tokenizer.model", bytes);
      try {
        const auto tokenizer = load();
        tokenizer->decode(tokenizer->encode("the cat, 猫 <s> 123\xff"));
        ++read;
      } catch (const Error& error) {
        ++refused;
        ASSERT_TRUE(std::string(error.what()).starts_with(folder_.string())) << error.what();
      }
    }
    EXPECT_GT(refused, 50);
    EXPECT_GT(read, 20);
  }
}

}  // namespace
}  // namespace showo
