// Answers through the key/value cache against the whole row read anew for every token.
#include "showo/generate/text_sampler.h"

#include <gtest/gtest.h>

#include "showo/core/random.h"
#include "showo/prompt/omni_attention.h"
#include "showo/prompt/prompting.h"
#include "tests/support/tiny_showo.h"

namespace showo {
namespace {

using IdList = std::vector<int64_t>;

IdList greedy_without_cache(Showo& model, Row row, int64_t count) {
  torch::NoGradGuard no_grad;
  IdList answer;
  for (int64_t i = 0; i < count; ++i) {
    Sequences whole = {{row.length(), {}, nullptr, {}, allowed_attention(row.segments)}};
    const auto hidden =
        model->hidden(torch::tensor(row.ids), torch::arange(row.length()), std::move(whole));
    answer.push_back(model->logits(hidden[-1]).argmax().item<int64_t>());
    row.append_text(Ids(&answer.back(), 1));
  }
  return answer;
}

TEST(SampleText, GivesTheTokensOfTheWholeRowReadAnew) {
  for (const auto& llm : {tiny_llm(2, 16), tiny_llm(1, 8), tiny_llm(3, 20)}) {
    torch::NoGradGuard no_grad;
    Showo model = tiny_showo(11, llm);
    const Prompting prompting(model->vocabulary, model->config.text_tokens);
    const IdList image(model->config.num_vq_tokens, model->vocabulary.image_offset + 9);
    const Row row = prompting.question(prompting.codes(image), IdList{4, 5, 6});
    Context context{row, model->new_cache()};
    const auto logits = read(model, {&context})[0];
    TextOptions options;
    options.max_tokens = 12;
    std::vector<Writing> texts = {{context, logits, make_generator(0)}};
    sample_texts(model->showo, texts, options, std::nullopt);
    EXPECT_EQ(texts[0].tokens, greedy_without_cache(model, row, 12));
  }
}

TEST(ChooseToken, IsGreedyWithoutTemperature) {
  auto random = make_generator(1);
  const auto logits = torch::tensor({1.f, 3.f, 2.999f, -4.f});
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(choose_token(logits, {.temperature = 0, .top_k = 0}, random), 1);
    EXPECT_EQ(choose_token(logits, {.temperature = 50, .top_k = 1}, random), 1);
  }
  TextOptions options;
  options.temperature = 0;
  EXPECT_NO_THROW(options.check());
  options.temperature = -0.1;
  EXPECT_THROW(options.check(), UsageError);
}

TEST(SampleTexts, EndsWhereTheModelsPositionsDo) {
  torch::NoGradGuard no_grad;
  LlmConfig llm = tiny_llm(2, 16);
  llm.max_position_embeddings = 30;
  Showo model = tiny_showo(11, llm);
  std::vector<Writing> texts;
  for (const int64_t length : {5, 20, 30}) {
    Context context{{}, model->new_cache()};
    context.row.append_text(IdList(length, 4));
    const auto logits = read(model, {&context})[0];
    texts.push_back({context, logits, make_generator(length)});
  }
  TextOptions options;
  options.max_tokens = 100'000;
  sample_texts(model->showo, texts, options, /*stop=*/std::nullopt);
  EXPECT_EQ(texts[0].tokens.size(), 25u);
  EXPECT_EQ(texts[1].tokens.size(), 10u);
  EXPECT_EQ(texts[2].tokens.size(), 0u);
  for (const auto& text : texts) {
    EXPECT_FALSE(text.complete);
    EXPECT_LE(text.context.cache.length(), 30);
  }
}

// Several questions of different lengths about different pictures, with draws and an end of their
// own, come out as they do alone.
TEST(SampleTexts, GivesEachTextWhatItGetsAlone) {
  torch::NoGradGuard no_grad;
  Showo model = tiny_showo(12, tiny_llm(2, 16));
  const Prompting prompting(model->vocabulary, model->config.text_tokens);
  TextOptions options;
  options.max_tokens = 20;
  options.top_k = 0;
  const std::vector<IdList> questions = {{4, 5, 6}, {7}, {9, 8, 7, 6, 5, 4}, {4, 5, 6}};
  const auto write = [&](const std::vector<size_t>& which) {
    std::vector<Writing> texts;
    std::vector<Context*> contexts;
    for (size_t i : which) {
      const IdList image(model->config.num_vq_tokens,
                         model->vocabulary.image_offset + static_cast<int64_t>(i % 3));
      Context context{prompting.question(prompting.codes(image), {}), model->new_cache()};
      read(model, {&context});
      context.row.append_text(questions[i]);
      texts.push_back({context, {}, make_generator(i)});
    }
    for (auto& text : texts) contexts.push_back(&text.context);
    const auto logits = read(model, contexts);
    for (size_t n = 0; n < texts.size(); ++n) texts[n].logits_V = logits[static_cast<int64_t>(n)];
    sample_texts(model->showo, texts, options, /*stop=*/3);
    std::vector<IdList> tokens;
    for (const auto& text : texts) tokens.push_back(text.tokens);
    return tokens;
  };
  const auto together = write({0, 1, 2, 3});
  for (size_t i = 0; i < questions.size(); ++i) EXPECT_EQ(write({i})[0], together[i]) << i;
  EXPECT_NE(together[0], together[3]);
}

TEST(ChooseToken, DrawsAmongTheLikeliestOnly) {
  auto random = make_generator(1);
  const auto logits = torch::tensor({0.0, 3.0, 2.9, -1.0}).to(torch::kFloat);
  TextOptions top_k, top_p, greedy;
  top_k.top_k = 2;
  top_p.top_k = 0;
  top_p.top_p = 0.6;
  std::set<int64_t> by_k, by_p, by_greedy;
  for (int i = 0; i < 200; ++i) {
    by_k.insert(choose_token(logits, top_k, random));
    by_p.insert(choose_token(logits, top_p, random));
    by_greedy.insert(choose_token(logits, greedy, random));
  }
  EXPECT_EQ(by_k, (std::set<int64_t>{1, 2}));
  EXPECT_EQ(by_p, (std::set<int64_t>{1, 2}));
  EXPECT_EQ(by_greedy, (std::set<int64_t>{1}));
}

TEST(ChooseToken, FollowsTheProbabilities) {
  auto random = make_generator(2);
  const auto logits = torch::tensor({0.7, 0.2, 0.1}).log();
  TextOptions options;
  options.top_k = 0;
  std::vector<double> share(3, 0);
  for (int i = 0; i < 4000; ++i) share[choose_token(logits, options, random)] += 1.0 / 4000;
  EXPECT_NEAR(share[0], 0.7, 0.03);
  EXPECT_NEAR(share[1], 0.2, 0.03);
}

TEST(TextOptions, RefusesWhatMakesNoSense) {
  TextOptions options;
  options.top_p = 0;
  EXPECT_THROW(options.check(), UsageError);
  options = {};
  options.temperature = NAN;
  EXPECT_THROW(options.check(), UsageError);
  options = {};
  options.max_tokens = 0;
  EXPECT_THROW(options.check(), UsageError);
  options = {};
  options.top_k = -1;
  EXPECT_THROW(options.check(), UsageError);
}

}  // namespace
}  // namespace showo
