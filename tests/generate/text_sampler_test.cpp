// Answers through the key/value cache against the whole row read anew for every token.
#include "showo/generate/text_sampler.h"

#include <gtest/gtest.h>

#include "showo/core/random.h"
#include "showo/generate/engine.h"
#include "showo/generate/text_job.h"
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

// One a row; the seeds are the rows' places unless they are said.
std::vector<std::shared_ptr<TextJob>> jobs_of(Showo& model, const std::vector<Row>& rows,
                                              const TextOptions& options, const IdList& stops,
                                              std::vector<uint64_t> seeds = {}) {
  std::vector<std::shared_ptr<TextJob>> jobs;
  for (size_t i = 0; i < rows.size(); ++i) {
    jobs.push_back(std::make_shared<TextJob>(model->llm_config(), rows[i], Tensor(), options, stops,
                                             seeds.empty() ? i : seeds[i]));
  }
  return jobs;
}

// Any of several tokens may end a text, as a language model's folder may say.
TEST(TextJob, EndsAtAnyOfItsStops) {
  Showo model = tiny_showo(11, tiny_llm(2, 16));
  Row row;
  row.append_text(IdList{1, 2, 3});
  TextOptions options;
  options.max_tokens = 20;
  const auto free = jobs_of(model, {row}, options, {});
  Engine(model).run({free[0]});
  const IdList all = free[0]->text().tokens();
  const auto first_of = [&](int64_t token) { return std::ranges::find(all, token) - all.begin(); };
  const IdList stops = {all[3], all[6]};
  const auto ended = jobs_of(model, {row}, options, stops);
  Engine(model).run({ended[0]});
  const auto length = std::min(first_of(stops[0]), first_of(stops[1]));
  EXPECT_EQ(ended[0]->text().tokens(), IdList(all.begin(), all.begin() + length));
  EXPECT_TRUE(ended[0]->text().complete());
}

TEST(SampleText, GivesTheTokensOfTheWholeRowReadAnew) {
  for (const auto& llm : {tiny_llm(2, 16), tiny_llm(1, 8), tiny_llm(3, 20)}) {
    torch::NoGradGuard no_grad;
    Showo model = tiny_showo(11, llm);
    const Prompting prompting(model->vocabulary, model->config.text_tokens);
    const IdList image(model->config.num_vq_tokens, model->vocabulary.image_offset + 9);
    const Row row = prompting.question(prompting.codes(image), IdList{4, 5, 6});
    TextOptions options;
    options.max_tokens = 12;
    const auto jobs = jobs_of(model, {row}, options, /*stops=*/{});
    Engine(model).run({jobs[0]});
    EXPECT_EQ(jobs[0]->text().tokens(), greedy_without_cache(model, row, 12));
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
  std::vector<Row> rows(3);
  for (size_t i = 0; i < 3; ++i) rows[i].append_text(IdList(std::vector{5, 20, 30}[i], 4));
  TextOptions options;
  options.max_tokens = 100'000;
  const auto jobs = jobs_of(model, rows, options, /*stops=*/{});
  Engine(model).run({jobs.begin(), jobs.end()});
  EXPECT_EQ(jobs[0]->text().tokens().size(), 25u);
  EXPECT_EQ(jobs[1]->text().tokens().size(), 10u);
  EXPECT_EQ(jobs[2]->text().tokens().size(), 0u);
  for (const auto& job : jobs) EXPECT_FALSE(job->text().complete());
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
    std::vector<Row> rows;
    for (size_t i : which) {
      const IdList image(model->config.num_vq_tokens,
                         model->vocabulary.image_offset + static_cast<int64_t>(i % 3));
      rows.push_back(prompting.question(prompting.codes(image), questions[i]));
    }
    const auto jobs = jobs_of(model, rows, options, /*stops=*/{3}, {which.begin(), which.end()});
    Engine(model).run({jobs.begin(), jobs.end()});
    std::vector<IdList> tokens;
    for (const auto& job : jobs) tokens.push_back(job->text().tokens());
    return tokens;
  };
  const auto together = write({0, 1, 2, 3});
  for (size_t i = 0; i < questions.size(); ++i) EXPECT_EQ(write({i})[0], together[i]) << i;
  EXPECT_NE(together[0], together[3]);
}

// Guessed tokens change how often the model is asked, never the text: with an end of its own, where
// the length is used up, and where a callback stops it.
TEST(SampleTexts, GuessedTokensGiveTheSameText) {
  torch::NoGradGuard no_grad;
  for (const uint64_t seed : {12, 13, 14}) {
    Showo model = tiny_showo(seed, tiny_llm(2, 16));
    const bool repeats = seed == 14;  // the same token again and again, so that guesses are right
    if (repeats) model->showo->lm_head->bias[20] += 100;
    const Prompting prompting(model->vocabulary, model->config.text_tokens);
    std::vector<Row> rows;
    for (int64_t i = 0; i < 3; ++i) {
      const IdList image(model->config.num_vq_tokens, model->vocabulary.image_offset + i);
      rows.push_back(prompting.question(prompting.codes(image), IdList{4, 5, 6 + i}));
    }
    const auto write = [&](int64_t jacobi, int64_t most, const IdList& stops, int64_t* passes) {
      TextOptions options;
      options.max_tokens = most;
      options.jacobi = jacobi;
      const auto jobs = jobs_of(model, rows, options, stops);
      Engine engine(model);
      engine.run({jobs.begin(), jobs.end()});
      if (passes) *passes += engine.load().passes;
      std::vector<IdList> tokens;
      for (const auto& job : jobs) tokens.push_back(job->text().tokens());
      return tokens;
    };
    int64_t passes_alone = 0, passes_guessed = 0;
    const auto plain = write(1, 40, {}, &passes_alone);
    EXPECT_EQ(write(5, 40, {}, &passes_guessed), plain) << seed;
    EXPECT_EQ(passes_alone, 40);
    if (repeats) {
      EXPECT_LT(passes_guessed, 14);
    }
    EXPECT_EQ(write(64, 40, {}, nullptr), plain) << seed;
    EXPECT_EQ(write(3, 7, {}, nullptr), write(1, 7, {}, nullptr)) << seed;
    const IdList stops = {plain[0][5], plain[1][9], 38};
    EXPECT_EQ(write(6, 40, stops, nullptr), write(1, 40, stops, nullptr)) << seed;
    // What a context holds afterwards goes on as if nothing had been guessed.
    Context context{rows[0], model->new_cache()}, same{rows[0], model->new_cache()};
    for (Context* each : {&context, &same}) {
      TextOptions options;
      options.max_tokens = 12;
      options.jacobi = each == &context ? 4 : 1;
      Writing writing(*each, options, {}, 100, 1,
                      [n = 0](int64_t, const Tensor&) mutable { return ++n < 9; });
      for (writing.take(read(model, {each})[0]); !writing.done();)
        writing.take(compute(model, {writing.request()})[0]);
      EXPECT_TRUE(writing.stopped());
      EXPECT_EQ(each->row.length(), rows[0].length() + 9);
      each->row.append_text(IdList{5});
    }
    EXPECT_TRUE(torch::allclose(read(model, {&context}), read(model, {&same}), 1e-4, 1e-4));
  }
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
  options = {};
  options.jacobi = 4;
  EXPECT_NO_THROW(options.check());
  options.top_k = 0;
  EXPECT_THROW(options.check(), UsageError) << "what is drawn is not guessed";
}

}  // namespace
}  // namespace showo
