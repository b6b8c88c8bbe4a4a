// Both published forms of a tokenizer, read as the `tokenizers` package reads them; whatever is
// wrong or not understood in a file is an Error that names the file and the key.
#include <gtest/gtest.h>
#include <unistd.h>

#include <random>

#include "showo/text/bytes.h"
#include "showo/text/tokenizer.h"
#include "tests/support/within.h"

namespace showo {
namespace {

using IdList = std::vector<int64_t>;
const fs::path kFilesData = SHOWO_SOURCE_DIR "/tests/text/data";

class TokenizerFiles : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("showo-tokenizer-{}", ::getpid());
    make_folder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    write_file_atomically(folder_ / name, text);
  }
  auto load() const { return Tokenizer::from_folder(folder_); }
  // What loading says: the Error's message, or "" when it succeeds. Another exception fails the
  // test.
  std::string complaint() const {
    try {
      load();
    } catch (const Error& error) {
      return error.what();
    } catch (const std::exception& error) {
      ADD_FAILURE() << "not an Error: " << error.what();
    }
    return "";
  }
  // 256 bytes, "ab", "abc" and <|endoftext|> as GPT-2's files.
  void write_gpt2_files() const {
    Json vocabulary = Json::object();
    for (int byte = 0; byte < 256; ++byte) vocabulary[byte_spellings()[byte]] = byte;
    vocabulary["ab"] = 256;
    vocabulary["abc"] = 257;
    vocabulary["<|endoftext|>"] = 258;
    write("vocab.json", vocabulary.dump());
    write("merges.txt", "#version: 0.2\r\na b\r\nab c\r\n\r\n");
  }
  fs::path folder_;
};

class Library : public testing::TestWithParam<const char*> {};

// A case holds what a user types (no special tokens) and the decoded text where they differ.
TEST_P(Library, GivesTheSameIds) {
  const auto tokenizer = Tokenizer::from_folder(kFilesData / GetParam());
  const Json cases = read_json(kFilesData / GetParam() / "cases.json");
  ASSERT_GT(cases.size(), 10u);
  for (const auto& item : cases) {
    const auto text = item["text"].get<std::string>();
    const auto ids = item["ids"].get<IdList>();
    EXPECT_EQ(tokenizer->encode(text, true), ids) << item.dump();
    EXPECT_EQ(tokenizer->encode(text), item.value("typed", ids)) << item.dump();
    EXPECT_EQ(tokenizer->decode(ids), item.value("decoded", text)) << item.dump();
  }
}

INSTANTIATE_TEST_SUITE_P(TokenizerJson, Library,
                         testing::Values("gpt2_pattern", "split_pattern", "llama3", "qwen",
                                         "smollm", "llama2_legacy", "llama2_new",
                                         "sentencepiece_legacy", "sentencepiece_new",
                                         "sentencepiece_unigram", "clip", "clip_files"),
                         [](const auto& info) { return std::string(info.param); });

TEST_F(TokenizerFiles, ReadsGpt2sFiles) {
  write_gpt2_files();
  const auto tokenizer = load();
  EXPECT_EQ(tokenizer->size(), 259);
  EXPECT_EQ(tokenizer->encode("abcab"), (IdList{257, 256}));
  EXPECT_EQ(tokenizer->encode("<|endoftext|>", true), IdList{258});
}

TEST_F(TokenizerFiles, TakesSpecialTokensFromTheFilesThatNameThem) {
  write_gpt2_files();
  write("added_tokens.json", R"({"<|im_end|>": 261, "  ": 259, "<|user|>": 260, "<|pad|>": 262})");
  const IdList all = {261, 260, 262, 259};
  const std::string text = "<|im_end|><|user|><|pad|>  ";
  EXPECT_EQ(load()->encode(text), all);  // nothing says that they are special
  write("special_tokens_map.json",
        R"({"eos_token": {"content": "<|im_end|>"}, "additional_special_tokens": ["<|user|>"]})");
  write("tokenizer_config.json", R"({"added_tokens_decoder": {
    "259": {"content": "  ", "special": false}, "262": {"content": "<|pad|>", "special": true}}})");
  const IdList typed = load()->encode(text);
  for (const int64_t special : {260, 261, 262}) {
    EXPECT_EQ(std::count(typed.begin(), typed.end(), special), 0) << special;
  }
  EXPECT_EQ(typed.back(), 259);
  EXPECT_EQ(load()->encode(text, true), all);
}

TEST_F(TokenizerFiles, NamesTheFileAndKeyOfWhatIsWrongInGpt2sFiles) {
  const std::string bytes = R"("a": 0, "b": 1)";
  struct Case {
    const char *file, *text, *expected;
  };
  for (const auto& [file, text, expected] : std::initializer_list<Case>{
           {"vocab.json", "{", "vocab.json: not valid JSON"},
           {"vocab.json", "[]", "vocab.json: the vocabulary: expected tokens and their ids"},
           {"vocab.json", R"({"a": "0"})", "vocab.json: token 'a' has id \"0\", expected 0 to 0"},
           {"vocab.json", R"({"a": -1})", "vocab.json: token 'a' has id -1, expected 0 to 0"},
           {"vocab.json", R"({"a": 7})", "vocab.json: token 'a' has id 7, expected 0 to 0"},
           {"vocab.json", R"({"a": 0, "b": 0})", "vocab.json: id 0 stands twice"},
           {"vocab.json", R"({"a": 0, "b": 1, "ab": 2, "abc": 3, "c": 4})", "no token for byte 0"},
           {"merges.txt", "ab\n", "merges.txt: merges: 'ab': expected two tokens and a space"},
           {"merges.txt", "a b c\n", "merges.txt: merges: 'a b c': expected two tokens"},
           {"merges.txt", "a x\n", "merges.txt: merges: token 'ax' is not in the vocabulary"},
           {"merges.txt", "a 猫\n", "merges.txt: merges: token '猫' is not in the vocabulary"},
           {"added_tokens.json", "[3]", "added_tokens.json: expected tokens and their ids"},
           {"added_tokens.json", R"({"x ": "9"})", "added_tokens.json: 'x ': expected an id"},
           {"added_tokens.json", R"({"x ": 97})", "'x ' has the id 97 of another token"},
           {"added_tokens.json", R"({"x ": 99999999999})", "added token 'x ' has id 99999999999"},
           {"added_tokens.json", R"({"x ": 300})", "id 259 has no token"},
           {"special_tokens_map.json", "{\"eos_token\"", "special_tokens_map.json: not valid JSON"},
       }) {
    write_gpt2_files();
    for (const char* other : {"added_tokens.json", "special_tokens_map.json"}) {
      fs::remove(folder_ / other);
    }
    write(file, text);
    const std::string message = complaint();
    EXPECT_NE(message.find(expected), std::string::npos) << file << ": " << text << "\n" << message;
    EXPECT_TRUE(message.starts_with(folder_.string())) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST_F(TokenizerFiles, NamesTheMissingFile) {
  EXPECT_EQ(complaint(),
            folder_.string() +
                ": no tokenizer; looked for tokenizer.json, tokenizer.model and vocab.json");
  write_gpt2_files();
  fs::remove(folder_ / "merges.txt");
  EXPECT_NE(complaint().find("merges.txt"), std::string::npos);
}

TEST_F(TokenizerFiles, NamesTheFieldOfTokenizerJsonThatIsNotSupported) {
  const Json good = read_json(kFilesData / "gpt2_pattern" / "tokenizer.json");
  const Json split = read_json(kFilesData / "split_pattern" / "tokenizer.json")["pre_tokenizer"];
  struct Case {
    const char *pointer, *value, *expected;
  };
  for (const auto& [pointer, value, expected] : std::initializer_list<Case>{
           {"/model", "null", "model: expected keys and values, found null"},
           {"/model", "{}", "'vocab' is missing"},
           {"/model/type", R"("Unigram")", "model: type 'Unigram' is not supported"},
           {"/model/type", "3", "model: type: expected text, found 3"},
           {"/model/byte_fallback", "true", "model: byte_fallback is not supported"},
           {"/model/ignore_merges", R"("no")", "model: ignore_merges: expected true or false"},
           {"/model/end_of_word_suffix", R"("</w>")",
            "the vocabulary has no token for byte 0 and '</w>'"},
           {"/model/end_of_word_suffix", "1", "model: end_of_word_suffix: expected text, found 1"},
           {"/model/continuing_subword_prefix", R"("##")",
            "model: continuing_subword_prefix is not supported"},
           {"/model/vocab", "[]", "the vocabulary: expected tokens and their ids"},
           {"/model/merges", "{}", "merges: expected a list"},
           {"/model/merges", "[1]", "merges: expected pairs of tokens, found 1"},
           {"/model/merges", R"([["a"]])", "merges: expected pairs of tokens, found [\"a\"]"},
           {"/model/merges", R"(["a b c"])", "merges: 'a b c': expected two tokens and a space"},
           {"/model/dropout", "0.1", "model: dropout 0.1 is not supported"},
           {"/normalizer", R"({"type": "NFKC"})", "normalizer: 'NFKC' is not supported"},
           {"/normalizer", R"({"type": "Replace", "pattern": {"Regex": " "}, "content": ""})",
            "normalizer: Replace: pattern: 'String' is missing"},
           {"/normalizer", R"({"type": "Sequence", "normalizers": [{"type": "StripAccents"}]})",
            "normalizer: 'StripAccents' is not supported"},
           {"/model/dropped", "0.1", "model: dropped is not supported"},
           {"/decoder", R"({"type": "WordPiece"})", "decoder: 'WordPiece' is not supported"},
           {"/truncation", R"({"max_length": 8})", "truncation is not supported"},
           {"/padding", R"({"strategy": "BatchLongest"})", "padding is not supported"},
           {"/post_processor", R"({"type": "TemplateProcessing", "single": []})",
            "post_processor: TemplateProcessing: single: expected one Sequence, found 0"},
           {"/post_processor", R"({"type": "BertProcessing"})",
            "post_processor: 'BertProcessing' is not supported"},
           {"/post_processor",
            R"({"type": "Sequence", "processors": [{"type": "BertProcessing"}]})",
            "post_processor: 'BertProcessing' is not supported"},
           {"/post_processor", "[]", "post_processor: expected keys and values, found []"},
           {"/post_processor", R"({"type": "Sequence"})", "'processors' is missing"},
           {"/pre_tokenizer", "null", "pre_tokenizer: expected keys and values, found null"},
           {"/pre_tokenizer/type", R"("Metaspace")", "pre_tokenizer: 'Metaspace' is not supported"},
           {"/pre_tokenizer/add_prefix_space", "true", "add_prefix_space is not supported"},
           {"/pre_tokenizer/use_regex", "false", "ByteLevel without use_regex is not supported"},
           {"/added_tokens", "{}", "added_tokens: expected a list"},
           {"/added_tokens/0", "7", "added_tokens: 'id' is missing"},
           {"/added_tokens/0/id", "-1", "added_tokens: '    ': expected an id, found -1"},
           {"/added_tokens/0/lstrip", "true", "added_tokens: '    ': lstrip is not supported"},
           {"/added_tokens/0/special", "1", "special: expected true or false, found 1"},
       }) {
    Json json = good;
    json[Json::json_pointer(pointer)] = Json::parse(value);
    write("tokenizer.json", json.dump());
    const std::string message = complaint();
    EXPECT_NE(message.find(expected), std::string::npos) << pointer << " " << value << "\n"
                                                         << message;
    EXPECT_TRUE(message.starts_with((folder_ / "tokenizer.json").string())) << message;
  }
  for (const auto& [pointer, value, expected] : std::initializer_list<Case>{
           {"/pretokenizers/0/pattern", R"({"String": " "})", "Split: pattern: 'Regex' is missing"},
           {"/pretokenizers/0/pattern/Regex", R"("(a")",
            "pattern '(a': missing closing parenthesis"},
           {"/pretokenizers/0/behavior", R"("Removed")", "behavior 'Removed' is not supported"},
           {"/pretokenizers/0/invert", "true", "behavior 'Isolated' is not supported"},
           {"/pretokenizers/0/type", R"("Punctuation")",
            "'Punctuation' before ByteLevel is not supported"},
           {"/pretokenizers/1/type", R"("Digits")", "this Sequence is not supported"},
       }) {
    Json json = good;
    json["pre_tokenizer"] = split;
    json["pre_tokenizer"][Json::json_pointer(pointer)] = Json::parse(value);
    write("tokenizer.json", json.dump());
    const std::string message = complaint();
    EXPECT_NE(message.find(expected), std::string::npos) << pointer << " " << value << "\n"
                                                         << message;
  }
}

TEST_F(TokenizerFiles, ReadsWhatChangesNoIds) {
  Json json = read_json(kFilesData / "gpt2_pattern" / "tokenizer.json");
  json["truncation"] = json["padding"] = nullptr;
  json["model"]["dropout"] = nullptr;
  const Json byte_level = {
      {"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", false}};
  for (const Json& processor :
       {byte_level, Json{{"type", "Sequence"}, {"processors", {byte_level, byte_level}}}}) {
    json["post_processor"] = processor;
    write("tokenizer.json", json.dump());
    EXPECT_EQ(complaint(), "");
  }
  json["model"]["dropout"] = 0.0;
  write("tokenizer.json", json.dump());
  write("tokenizer_config.json", R"({"add_prefix_space": false, "model_max_length": 2048})");
  EXPECT_EQ(complaint(), "");
}

// Special tokens around a text are the prompt's; a space before it would be part of it.
TEST_F(TokenizerFiles, RefusesASpaceBeforeEveryText) {
  for (const char* form : {"vocab.json", "tokenizer.json"}) {
    write_gpt2_files();
    if (form == std::string("tokenizer.json"))
      write(form, read_file(kFilesData / "gpt2_pattern" / "tokenizer.json"));
    const auto ids = load()->encode("a cat");
    write("tokenizer_config.json", R"({"add_bos_token": true, "add_eos_token": true})");
    EXPECT_EQ(load()->encode("a cat"), ids);
    write("tokenizer_config.json", R"({"add_prefix_space": true})");
    EXPECT_EQ(complaint(),
              (folder_ / "tokenizer_config.json").string() + ": add_prefix_space is not supported");
    fs::remove(folder_ / "tokenizer_config.json");
  }
}

TEST_F(TokenizerFiles, TellWhatBeginsAndEndsTexts) {
  using Ends = std::pair<std::optional<int64_t>, std::optional<int64_t>>;
  auto ends = [](const fs::path& folder) {
    const auto tokenizer = Tokenizer::from_folder(folder);
    return Ends(tokenizer->bos(), tokenizer->eos());
  };
  EXPECT_EQ(ends(SHOWO_SOURCE_DIR "/models/phi-tokenizer"), Ends(50256, 50256));
  EXPECT_EQ(ends(kFilesData / "llama3"), Ends(560, 561));
  EXPECT_EQ(ends(kFilesData / "qwen"), Ends(std::nullopt, 562));
  EXPECT_EQ(ends(kFilesData / "smollm"), Ends(560, 560));
  EXPECT_EQ(ends(kFilesData / "llama2_new"), Ends(1, 2));
  EXPECT_EQ(ends(kFilesData / "sentencepiece_unigram"), Ends(1, 2));
  for (const char* form : {"clip", "clip_files"}) EXPECT_EQ(ends(kFilesData / form), Ends(653, 654));
  write_gpt2_files();
  write("special_tokens_map.json", R"({"bos_token": {"content": "ab"}, "eos_token": "abc"})");
  EXPECT_EQ(ends(folder_), Ends(256, 257));
  write("tokenizer_config.json", R"({"bos_token": {"content": "<|endoftext|>"}})");
  EXPECT_EQ(ends(folder_), Ends(258, 257));  // tokenizer_config.json goes first
}

TEST_F(TokenizerFiles, AreToldByName) {
  EXPECT_EQ(tokenizer_files(folder_), std::vector<std::string>());
  write("tokenizer_config.json", "{}");
  EXPECT_EQ(tokenizer_files(folder_), std::vector<std::string>());
  write_gpt2_files();
  EXPECT_EQ(tokenizer_files(folder_),
            (std::vector<std::string>{"vocab.json", "merges.txt", "tokenizer_config.json"}));
  EXPECT_EQ(tokenizer_files(kFilesData / "sentencepiece_legacy"),
            (std::vector<std::string>{"tokenizer.model", "added_tokens.json",
                                      "special_tokens_map.json", "tokenizer_config.json"}));
}

TEST_F(TokenizerFiles, RefuseWhatMarkedEndsOfWordsCannotBeWith) {
  for (const char* key : {"byte_fallback", "ignore_merges"}) {
    Json json = read_json(kFilesData / "clip" / "tokenizer.json");
    json["model"][key] = true;
    write("tokenizer.json", json.dump());
    EXPECT_NE(complaint().find(fmt::format("{} is not supported with end_of_word_suffix", key)),
              std::string::npos);
  }
}

TEST_F(TokenizerFiles, NameAByteThatCannotEndAWord) {
  Json vocabulary = read_json(kFilesData / "clip_files" / "vocab.json");
  vocabulary.erase("Ā</w>");
  for (auto& id : vocabulary) id = id.get<int64_t>() - (id.get<int64_t>() > 444);
  write("vocab.json", vocabulary.dump());
  write("merges.txt", read_file(kFilesData / "clip_files" / "merges.txt"));
  EXPECT_NE(complaint().find("no token for byte 0 and '</w>'"), std::string::npos) << complaint();
}

TEST_F(TokenizerFiles, NameTheFieldOfByteFallbackThatIsNotSupported) {
  const Json good = read_json(kFilesData / "llama2_new" / "tokenizer.json");
  for (const auto& [pointer, value, expected] : std::initializer_list<std::array<const char*, 3>>{
           {"/model/vocab", R"({"a": 0})", "the vocabulary has no token <0x00>"},
           {"/model/byte_fallback", "false", "'Replace' is not supported; expected ByteLevel"},
           {"/pre_tokenizer/split", "true", "Metaspace: split is not supported"},
           {"/pre_tokenizer/replacement", R"("_")", "replacement '_' is not supported"},
           {"/pre_tokenizer/prepend_scheme", R"("last")", "prepend_scheme 'last': expected first"},
           {"/pre_tokenizer/str_rep", R"("_")", "Metaspace: str_rep is not supported"},
           {"/pre_tokenizer/type", R"("Whitespace")", "'Whitespace' is not supported"},
           {"/decoder", "null", "decoder: expected Replace, ByteFallback, Fuse"},
           {"/decoder/decoders/0/content", R"("_")", "Replace: expected ▁ to become a space"},
           {"/decoder/decoders/3/start", "2", "Strip: expected one space at the start"},
       }) {
    Json json = good;
    json[Json::json_pointer(pointer)] = Json::parse(value);
    if (pointer == std::string("/model/vocab")) json["model"]["merges"] = Json::array();
    if (pointer == std::string("/model/vocab")) json["added_tokens"] = Json::array();
    write("tokenizer.json", json.dump());
    const std::string message = complaint();
    EXPECT_NE(message.find(expected), std::string::npos) << pointer << "\n" << message;
    EXPECT_TRUE(message.starts_with((folder_ / "tokenizer.json").string())) << message;
  }
}

// Ten million tokens would take 320 MB, whatever the file's size.
TEST_F(TokenizerFiles, MakesNoRoomForIdsThatItHasNoTokensFor) {
  if (sanitized()) GTEST_SKIP() << "the sanitizer's own map is far above any limit";
  write_gpt2_files();
  write("added_tokens.json", R"({"x ": 10000000})");
  EXPECT_NE(complaint().find("id 259 has no token"), std::string::npos);
  EXPECT_TRUE(holds_within(32 << 20, [&] { return !complaint().empty(); }));
}

TEST_F(TokenizerFiles, NeverMakesASpecialTokenOfAWholeWord) {
  Json json = read_json(kFilesData / "split_pattern" / "tokenizer.json");
  json["model"]["vocab"]["<eos>"] = json["model"]["vocab"].size();
  json["added_tokens"] = Json::array();
  json["added_tokens"].push_back({{"id", 340}, {"content", "<eos>"}, {"special", true}});
  json["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = R"(\S+|\s+)";
  write("tokenizer.json", json.dump());
  EXPECT_GT(load()->encode("<eos>").size(), 1u);
  EXPECT_EQ(load()->encode("<eos>", true), IdList{340});
}

TEST_F(TokenizerFiles, NeverMergeIntoASpecialToken) {
  write_gpt2_files();
  EXPECT_EQ(load()->encode("ab"), IdList{256});
  write("special_tokens_map.json", R"({"eos_token": "ab"})");
  EXPECT_EQ(load()->encode("ab"), (IdList{'a', 'b'}));
  EXPECT_EQ(load()->encode("ab", true), IdList{256});
}

TEST_F(TokenizerFiles, RefuseAnotherSpaceBeforeTextsThanTokenizerJsonHas) {
  write("tokenizer.json", read_file(kFilesData / "llama2_new" / "tokenizer.json"));
  write("tokenizer_config.json", R"({"add_prefix_space": true})");
  EXPECT_EQ(complaint(), "");
  write("tokenizer_config.json", R"({"add_prefix_space": false})");
  EXPECT_EQ(complaint(), (folder_ / "tokenizer_config.json").string() +
                             ": add_prefix_space false is not supported");
}

TEST_F(TokenizerFiles, SurviveAnyDamage) {
  std::mt19937 random(3);
  for (const char* form : {"gpt2_pattern", "split_pattern", "qwen", "llama2_new", "clip"}) {
    const std::string good = read_file(kFilesData / form / "tokenizer.json");
    int refused = 0;
    for (int i = 0; i < 400; ++i) {
      std::string text = good;
      for (int flips = 1 + i % 3; flips > 0; --flips) {
        text[random() % text.size()] = static_cast<char>(random());
      }
      if (i % 4 == 0) text.resize(random() % text.size());
      write("tokenizer.json", text);
      refused += !complaint().empty();
    }
    EXPECT_GT(refused, 200);
  }
}

}  // namespace
}  // namespace showo
