// Questions about one picture, in whatever order and company, on the embedded model.
#include <gtest/gtest.h>

#include "showo/generate/pipeline.h"
#include "showo/image/decode.h"
#include "showo/image/image.h"

namespace showo {
namespace {

const fs::path kModel = SHOWO_SOURCE_DIR "/models/embedded";
const std::vector<std::string> kQuestions = {
    "what is in the picture?", "how many things are there?", "what colour is the background?"};

std::vector<std::string> ask(Pipeline& pipeline, const Seen& picture,
                             const std::vector<std::string>& questions) {
  TextOptions options;
  options.max_tokens = 24;
  std::vector<std::string> texts;
  for (const auto& answer : pipeline.answer(picture, questions, options, /*seed=*/0))
    texts.push_back(answer.text);
  return texts;
}

// Whatever was read before for other questions.
TEST(Answers, DoNotDependOnWhatWasAskedBefore) {
  Pipeline pipeline(ModelPaths::in(kModel));
  const Seen picture = pipeline.see(read_image(kModel / "samples" / "scene.png"));
  const auto want = ask(pipeline, picture, kQuestions);
  ASSERT_EQ(want.size(), kQuestions.size());
  EXPECT_EQ(want, (std::vector<std::string>{"a pineapple and a rabbit", "two", "white"}));
  EXPECT_EQ(ask(pipeline, picture, kQuestions), want);

  pipeline.engine().forget();
  for (size_t i = 0; i < kQuestions.size(); ++i)
    EXPECT_EQ(ask(pipeline, picture, {kQuestions[i]}), std::vector{want[i]}) << kQuestions[i];
  EXPECT_EQ(ask(pipeline, picture, kQuestions), want);
}

// Each picture sees those before it, so a picture that was read for a question of its own is not
// read again; what was read before changes no answer.
TEST(Answers, AboutSeveralPicturesReadEachOnce) {
  Pipeline pipeline(ModelPaths::in(kModel));
  const Image scene = read_image(kModel / "samples" / "scene.png"),
              other = pipeline.text_to_image({{"a glossy apple on a blue background", 3}},
                                             pipeline.sampling())[0];
  const Seen both = pipeline.see({scene, other});
  const int64_t codes = pipeline.model()->config.num_vq_tokens;
  EXPECT_EQ(both.row.length(), 1 + 2 * (codes + 2));
  const auto computed = [&](const Seen& seen) {
    const int64_t before = pipeline.engine().load().computed_tokens;
    const auto answers = ask(pipeline, seen, {kQuestions[0]});
    return std::pair(pipeline.engine().load().computed_tokens - before, answers);
  };
  pipeline.engine().forget();
  const auto [all, want] = computed(both);
  EXPECT_GT(all, 2 * codes);
  pipeline.engine().forget();
  ask(pipeline, pipeline.see(scene), {kQuestions[1]});
  const auto [rest, again] = computed(both);
  EXPECT_EQ(again, want);
  EXPECT_LT(rest, all - codes);
  EXPECT_GT(rest, codes) << "the second picture was not read before";
}

TEST(Answers, AboutMorePicturesThanThereArePositionsAreRefused) {
  Pipeline pipeline(ModelPaths::in(kModel));
  const Image scene = read_image(kModel / "samples" / "scene.png");
  const int64_t most = pipeline.model()->llm_config().max_position_embeddings,
                each = pipeline.model()->config.num_vq_tokens + 2, fit = (most - 2) / each;
  EXPECT_EQ(pipeline.see(std::vector(fit, scene)).row.length(), 1 + fit * each);
  try {
    pipeline.see(std::vector(fit + 1, scene));
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find(fmt::format("{} pictures take", fit + 1)),
              std::string::npos)
        << error.what();
  }
}

TEST(Answers, RefusesAQuestionThatDoesNotFit) {
  Pipeline pipeline(ModelPaths::in(kModel));
  const Seen picture = pipeline.see(read_image(kModel / "samples" / "scene.png"));
  std::string long_question;
  for (int i = 0; i < 4000; ++i) long_question += "what ";
  EXPECT_THROW(ask(pipeline, picture, {long_question}), UsageError);
  EXPECT_FALSE(ask(pipeline, picture, {kQuestions[0]})[0].empty());
}

// An answer cannot go on behind the last position that the model knows, and says that it was cut.
TEST(Answers, AnswersEndWhereTheModelsPositionsDo) {
  Pipeline pipeline(ModelPaths::in(kModel));
  const Seen picture = pipeline.see(read_image(kModel / "samples" / "scene.png"));
  TextOptions options;
  const auto whole = pipeline.answer(picture, {kQuestions[0]}, options, 0)[0];
  EXPECT_TRUE(whole.complete);
  options.max_tokens = 2;
  EXPECT_FALSE(pipeline.answer(picture, {kQuestions[0]}, options, 0)[0].complete);

  options = {.max_tokens = 100'000, .temperature = 100, .top_k = 0};  // hardly ever ends by itself
  auto& model = pipeline.model();
  model->showo->config.max_position_embeddings = model->config.num_vq_tokens + 40;
  int64_t tokens = 0;
  const auto cut = pipeline.answer(picture, {kQuestions[0]}, options, 3,
                                   [&](size_t, int64_t) { return ++tokens > 0; })[0];
  EXPECT_FALSE(cut.complete);
  EXPECT_GT(tokens, 8);
  EXPECT_LE(tokens, 40);
}

TEST(Pipeline, SaysHowMuchOfAPromptItReads) {
  Pipeline pipeline(ModelPaths::in(kModel));
  const std::string fits = "a glossy apple on a blue background";
  EXPECT_EQ(pipeline.prompt_used(fits), fits);
  std::string longer = "猫";
  for (int i = 0; i < 60; ++i) longer += i % 2 ? " 猫" : " apple";
  const std::string used = pipeline.prompt_used(longer);
  EXPECT_GT(used.size(), 10u);
  EXPECT_LT(used.size(), longer.size());
  EXPECT_TRUE(longer.starts_with(used));
  EXPECT_NE(static_cast<unsigned char>(longer[used.size()]) & 0xc0, 0x80) << "within a character";
}

// What one pass computes is what two would: the picture alone, then the text.
TEST(Read, EqualsThePictureAndTheTextApart) {
  torch::NoGradGuard no_grad;
  Pipeline pipeline(ModelPaths::in(kModel));
  Showo& model = pipeline.model();
  const Prompting prompting(model->vocabulary, model->config.text_tokens);
  const std::vector<int64_t> image(model->config.num_vq_tokens, model->vocabulary.image_offset + 5),
      text = {7, 8, 9, 10};
  const Row picture = prompting.codes(image);
  Context together{prompting.question(picture, text), model->new_cache()},
      apart{picture, model->new_cache()};
  const Tensor logits = read(model, {&together});
  read(model, {&apart});
  apart.row = together.row;
  EXPECT_TRUE(torch::allclose(logits, read(model, {&apart}), 1e-4, 1e-4));
  EXPECT_EQ(together.cache.length(), apart.cache.length());
}

}  // namespace
}  // namespace showo
