// Text alone: continuations and perplexity of a Show-o's language model and of one without any
// picture part, against logits of the whole text.
#include "showo/generate/text_pipeline.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "showo/checkpoint/load.h"
#include "showo/core/error.h"
#include "showo/core/random.h"

namespace showo {
namespace {

const fs::path kEmbedded = SHOWO_SOURCE_DIR "/models/embedded";

class TextAlone : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("showo-text-" + std::to_string(::getpid()));
    make_folder(folder_);
    for (const auto& name : tokenizer_files(kEmbedded / "llm"))
      fs::copy_file(kEmbedded / "llm" / name, folder_ / name);
    llm_.model_type = "llama";
    llm_.hidden_size = 32;
    llm_.intermediate_size = 48;
    llm_.num_hidden_layers = 2;
    llm_.num_attention_heads = 4;
    llm_.num_key_value_heads = 2;
    llm_.max_position_embeddings = 24;
    llm_.vocab_size = Tokenizer::from_folder(folder_)->size();
    llm_.bos_token_id = llm_.eos_token_id = 0;
    llm_.tie_word_embeddings = true;
    llm_.qk_norm = "none";
    Backbone model(llm_, llm_.vocab_size);
    torch::NoGradGuard no_grad;
    auto random = make_generator(4);
    for (auto& parameter : model->parameters()) {
      parameter.normal_(0, 0.3, random);
      if (parameter.dim() == 1) parameter.add_(1);
    }
    write_safetensors(folder_ / "model.safetensors", state_of(*model));
    write_file_atomically(folder_ / "config.json", llm_config_to_json(llm_).dump());
  }
  void TearDown() override { fs::remove_all(folder_); }

  // Logits [T, V] of ids read at once.
  static Tensor logits(Backbone& model, const std::vector<int64_t>& ids) {
    Row row;
    row.append_text(ids);
    const PackedRows rows = pack({row});
    return model->logits(model->hidden(rows.ids_T, rows.positions_T, rows.sequences));
  }

  fs::path folder_;
  LlmConfig llm_;
};

TEST_F(TextAlone, GoesOnGreedilyAsTheWholeTextReadAnew) {
  torch::NoGradGuard no_grad;
  for (const fs::path& folder : {folder_, kEmbedded}) {
    TextPipeline text(ModelPaths::in(folder));
    TextOptions options;
    options.max_tokens = 6;
    std::string streamed;
    const auto written = text.complete("a glossy", options, {0},
                                       [&](size_t, const std::string& more) {
                                         streamed += more;
                                         return true;
                                       });
    auto ids = text.tokenizer().encode("a glossy");
    if (text.ends().begin) ids.insert(ids.begin(), *text.ends().begin);
    const auto read = ids.size();
    for (int i = 0; i < 6; ++i) {
      const int64_t next = logits(text.model(), ids)[-1].argmax().item<int64_t>();
      if (next == text.ends().ends[0]) break;
      ids.push_back(next);
    }
    std::string expected;
    for (size_t i = read; i < ids.size(); ++i) {
      if (ids[i] < text.tokenizer().size()) expected += text.tokenizer().bytes_of(ids[i]);
    }
    EXPECT_EQ(written[0].text, expected) << folder;
    EXPECT_EQ(streamed, expected);
  }
}

TEST_F(TextAlone, EachSeedIsATextOfItsOwn) {
  TextPipeline text(ModelPaths::in(folder_));
  TextOptions options;
  options.max_tokens = 8;
  options.top_k = 0;
  const auto both = text.complete("a", options, {3, 4});
  EXPECT_EQ(text.complete("a", options, {4})[0].text, both[1].text);
  EXPECT_NE(both[0].text, both[1].text);
}

// Longer than the model's positions, so that it is read in windows.
TEST_F(TextAlone, PerplexityIsThatOfEachTokenInItsWindow) {
  torch::NoGradGuard no_grad;
  TextPipeline text(ModelPaths::in(folder_));
  std::string words;
  for (int i = 0; i < 3; ++i)
    words += "a glossy apple and a flat frog on a blue background, two dogs ";
  auto ids = text.tokenizer().encode(words);
  if (text.ends().begin) ids.insert(ids.begin(), *text.ends().begin);
  ASSERT_GT(ids.size(), 24u);
  double sum = 0;
  size_t predicted = 1;
  while (predicted < ids.size()) {
    const size_t first = predicted == 1 ? 0 : predicted - 12,
                 end = std::min(ids.size(), first + 24);
    const auto all = logits(text.model(), {ids.begin() + first, ids.begin() + end}).log_softmax(-1);
    for (; predicted < end; ++predicted)
      sum -= all[static_cast<int64_t>(predicted - 1 - first)][ids[predicted]].item<double>();
  }
  const Perplexity found = text.perplexity(words);
  EXPECT_EQ(found.tokens, std::ssize(ids) - 1);
  EXPECT_NEAR(found.nats, sum / static_cast<double>(found.tokens), 1e-4);
}

TEST_F(TextAlone, WhatDoesNotFitIsRefused) {
  TextPipeline text(ModelPaths::in(folder_));
  std::string longer;
  for (int i = 0; i < 40; ++i) longer += "apple ";
  EXPECT_THROW(text.complete(longer, {}, {0}), UsageError);
  fs::remove(folder_ / "config.json");
  llm_.vocab_size = 100;
  write_file_atomically(folder_ / "config.json", llm_config_to_json(llm_).dump());
  EXPECT_THROW(TextPipeline(ModelPaths::in(folder_)), Error);
}

}  // namespace
}  // namespace showo
