// The engine: what jobs get does not depend on their company, what they share is read once, and
// limits, turns and ends are kept.
#include "showo/generate/engine.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "showo/generate/picture_job.h"
#include "showo/generate/text_job.h"
#include "showo/prompt/prompting.h"
#include "tests/support/tiny_showo.h"

namespace showo {
namespace {

using IdList = std::vector<int64_t>;

struct World {
  explicit World(Showo showo = tiny_showo(12, tiny_llm(2, 16)))
      : model(std::move(showo)), prompting(model->vocabulary, model->config.text_tokens) {}

  std::shared_ptr<PictureJob> picture(const IdList& text, uint64_t seed,
                                      SamplingOptions options = {.steps = 4, .guidance = 2},
                                      OnMaskStep on_step = {}) const {
    const IdList blank(16, model->vocabulary.mask_token);
    return std::make_shared<PictureJob>(model, prompting.text_to_image(text, blank),
                                        prompting.text_to_image({}, blank),
                                        torch::full({16}, -1, torch::kLong), options,
                                        std::make_unique<SeededDraws>(seed), std::move(on_step));
  }
  // About a picture of one code.
  std::shared_ptr<TextJob> answer(int64_t code, const IdList& question, uint64_t seed,
                                  int64_t tokens = 12, OnToken on_token = {}) const {
    const IdList image(16, model->vocabulary.image_offset + code);
    TextOptions options;
    options.max_tokens = tokens;
    options.top_k = 0;
    return std::make_shared<TextJob>(model->llm_config(),
                                     prompting.question(prompting.codes(image), question), Tensor(),
                                     options, IdList{3}, seed, std::move(on_token));
  }
  IdList alone(const std::shared_ptr<TextJob>& job) const {
    Engine(model).run({job});
    return job->text().tokens();
  }
  Tensor alone(const std::shared_ptr<PictureJob>& job) const {
    Engine(model).run({job});
    return job->codes();
  }

  Showo model;
  Prompting prompting;
};

EngineLimits limits(const std::function<void(EngineLimits&)>& set) {
  EngineLimits all;
  set(all);
  return all;
}

// Pictures of all kinds beside answers, by passes large and small.
TEST(Engine, GivesEachJobWhatItGetsAlone) {
  const World w;
  const std::vector<SamplingOptions> options = {{.steps = 4, .guidance = 2},
                                                {.steps = 7, .guidance = 0},
                                                {.steps = 6, .guidance = 3, .guided = 0.5},
                                                {.steps = 8, .guidance = 1, .refresh = 3}};
  const std::vector<IdList> texts = {{4, 5, 6}, {}, {7, 8}, {4, 5}};
  for (const int64_t pass_tokens : {1, 40, 4000}) {
    for (const int64_t between : {0, 2}) {
      Engine engine(w.model, limits([&](EngineLimits& l) {
                      l.pass_tokens = pass_tokens;
                      l.texts_between = between;
                      l.running = 5;
                    }));
      std::vector<std::shared_ptr<PictureJob>> pictures;
      std::vector<std::shared_ptr<TextJob>> answers;
      std::vector<Engine::JobPtr> jobs;
      for (uint64_t i = 0; i < 4; ++i) {
        jobs.push_back(pictures.emplace_back(w.picture(texts[i], i, options[i])));
        jobs.push_back(answers.emplace_back(w.answer(static_cast<int64_t>(i / 2), texts[i], i)));
      }
      engine.run(jobs);
      for (uint64_t i = 0; i < 4; ++i) {
        EXPECT_TRUE(pictures[i]->codes().equal(w.alone(w.picture(texts[i], i, options[i])))) << i;
        EXPECT_EQ(answers[i]->text().tokens(),
                  w.alone(w.answer(static_cast<int64_t>(i / 2), texts[i], i)))
            << i;
        EXPECT_EQ(pictures[i]->state(), Job::State::kDone);
      }
    }
  }
}

TEST(Engine, ReadsWhatJobsShareOnce) {
  const World w;
  Engine engine(w.model);
  std::vector<Engine::JobPtr> jobs;
  for (uint64_t i = 0; i < 10; ++i)
    jobs.push_back(w.answer(5, {4, 5, static_cast<int64_t>(i)}, i, 1));
  engine.run(jobs);
  const int64_t row = w.answer(5, {4, 5, 0}, 0)->beginnings()[0].row.length();
  EXPECT_EQ(engine.load().computed_tokens, row + 9);  // all but the last token of each is the same
  engine.run({w.answer(5, {4, 9}, 1, 1)});            // later ones profit as well
  EXPECT_EQ(engine.load().computed_tokens, row + 9 + 1);
  engine.forget();
  engine.run({w.answer(5, {4, 9}, 1, 1)});
  EXPECT_EQ(engine.load().computed_tokens, row + 9 + 1 + row - 1);
}

TEST(Engine, RefusesWhatItHasNoRoomFor) {
  const World w;
  Engine engine(w.model, limits([](EngineLimits& l) { l.waiting = 2; }));
  const auto first = w.answer(1, {4}, 1);
  engine.submit(first);
  engine.submit(w.answer(1, {5}, 2));
  EXPECT_THROW(engine.submit(w.answer(1, {6}, 3)), EngineFull);
  EXPECT_EQ(engine.load().waiting, 2);
  while (engine.step()) {
  }
  EXPECT_EQ(first->state(), Job::State::kDone);
  EXPECT_EQ(engine.load().running, 0);

  Engine small(w.model, limits([](EngineLimits& l) { l.cache_bytes = 1000; }));
  EXPECT_THROW(small.submit(w.answer(1, {4}, 1)), EngineFull);
  EXPECT_THROW(small.run({w.picture({4}, 1)}), EngineFull);
}

TEST(Engine, KeepsItsLimitsWhileItRuns) {
  const World w;
  const int64_t bytes = w.picture({4}, 0)->most_tokens() * Network(w.model).cache_bytes_a_token();
  Engine engine(w.model, limits([&](EngineLimits& l) {
                  l.pictures = 3;
                  l.cache_bytes = 2 * bytes + 1;
                  l.waiting = 1;
                }));
  EngineLoad most;
  std::vector<Engine::JobPtr> jobs;
  for (uint64_t i = 0; i < 6; ++i) {
    jobs.push_back(w.picture({4}, i, {.steps = 3}, [&](const MaskStep&) {
      const EngineLoad now = engine.load();
      most.pictures = std::max(most.pictures, now.pictures);
      most.cache_bytes = std::max(most.cache_bytes, now.cache_bytes);
      return true;
    }));
  }
  engine.run(jobs);
  EXPECT_EQ(most.pictures, 2);
  EXPECT_EQ(most.cache_bytes, 2 * bytes);
  for (const auto& job : jobs) EXPECT_EQ(job->state(), Job::State::kDone);
}

TEST(Engine, LetsClientsTakeTurns) {
  const World w;
  Engine engine(w.model, limits([](EngineLimits& l) { l.running = 2; }));
  std::vector<Engine::JobPtr> many;
  for (uint64_t i = 0; i < 8; ++i) {
    many.push_back(w.answer(1, {4}, i, 3));
    engine.submit(many.back(), "many");
  }
  const auto one = w.answer(2, {5}, 9, 3);
  engine.submit(one, "one");
  while (!one->finished()) engine.step();
  int64_t before = 0;
  for (const auto& job : many) before += job->finished() ? 1 : 0;
  EXPECT_LE(before, 2);
  while (engine.step()) {
  }
  EXPECT_EQ(many.back()->state(), Job::State::kDone);
}

TEST(Engine, CancelsJobsAndFreesTheirMemory) {
  const World w;
  Engine engine(w.model, limits([](EngineLimits& l) {
                  l.running = 1;
                  l.prefix_bytes = 0;
                }));
  const auto running = w.picture({4}, 1), waiting = w.picture({4}, 2), other = w.picture({5}, 3);
  for (const auto& job : {running, waiting, other}) engine.submit(job);
  for (int i = 0; i < 3; ++i) engine.step();
  engine.cancel(running);
  engine.cancel(waiting);
  EXPECT_EQ(running->state(), Job::State::kCancelled);
  EXPECT_EQ(waiting->state(), Job::State::kCancelled);
  EXPECT_EQ(engine.load().running, 0);
  EXPECT_EQ(engine.load().cache_bytes, 0);
  while (engine.step()) {
  }
  EXPECT_TRUE(other->codes().equal(w.alone(w.picture({5}, 3))));
  engine.cancel(other);
  EXPECT_EQ(other->state(), Job::State::kDone);
}

TEST(Engine, StopsWhatItsCallbackStops) {
  const World w;
  Engine engine(w.model);
  int steps = 0;
  const auto picture =
      w.picture({4}, 1, {.steps = 6}, [&](const MaskStep&) { return ++steps < 2; });
  const auto text = w.answer(1, {4}, 5, 50, [](int64_t, const Tensor&) { return false; });
  std::shared_ptr<TextJob> cancelled;
  cancelled = w.answer(1, {4}, 6, 50, [&](int64_t, const Tensor&) {
    engine.cancel(cancelled);
    return true;
  });
  engine.run({picture, text, cancelled});
  EXPECT_EQ(steps, 2);
  EXPECT_TRUE(picture->codes().ge(0).all().item<bool>());
  EXPECT_LE(text->text().tokens().size(), 1u);
  EXPECT_FALSE(text->text().complete());
  EXPECT_EQ(cancelled->state(), Job::State::kCancelled);
}

TEST(Engine, LetsOtherJobsGoOnWhenOneFails) {
  const World w;
  Engine engine(w.model);
  const auto bad =
      w.answer(1, {4}, 1, 9, [](int64_t, const Tensor&) -> bool { throw Error("a full disk"); });
  const auto good = w.answer(1, {4}, 2);
  EXPECT_THROW(engine.run({bad, good}), Error);
  EXPECT_EQ(bad->state(), Job::State::kFailed);
  EXPECT_EQ(good->text().tokens(), w.alone(w.answer(1, {4}, 2)));
}

TEST(Engine, CancelsTheOthersWhenACallbackCancels) {
  const World w;
  Engine engine(w.model, limits([](EngineLimits& l) { l.running = 2; }));
  std::vector<std::shared_ptr<Job>> jobs;
  int64_t tokens = 0;
  for (int i = 0; i < 6; ++i) {
    jobs.push_back(w.answer(1, {4}, i, 9, [&](int64_t, const Tensor&) -> bool {
      if (++tokens == 3) throw Cancelled("enough");
      return true;
    }));
  }
  EXPECT_THROW(engine.run(jobs), Cancelled);
  EXPECT_LE(tokens, 4);
  EXPECT_EQ(jobs[5]->state(), Job::State::kCancelled);
  EXPECT_EQ(engine.load().running, 0);
}

// While pictures and texts both run, texts have passes of their own in between.
TEST(Engine, DoesNotLetTextsWaitForEveryPicture) {
  const World w;
  for (const int64_t between : {0, 3}) {
    Engine engine(w.model, limits([&](EngineLimits& l) { l.texts_between = between; }));
    int64_t tokens = 0, steps = 0;
    std::vector<int64_t> at_step;
    engine.run({w.picture({4}, 1, {.steps = 4, .guidance = 0},
                          [&](const MaskStep&) {
                            at_step.push_back(tokens);
                            return ++steps > 0;
                          }),
                w.answer(1, {4, 5, 6}, 7, 1000, [&](int64_t, const Tensor&) {
                  ++tokens;
                  return steps < 4;
                })});
    ASSERT_EQ(at_step.size(), 4u);
    for (size_t i = 2; i < 4; ++i) EXPECT_NEAR(at_step[i] - at_step[i - 1], between + 1, 1);
  }
}

// In bf16 the bits of a sum may depend on how many rows are summed at once; alone they cannot.
TEST(Engine, AloneGivesTheSameBitsInAnyCompany) {
  Showo narrow = tiny_showo(12, tiny_llm(2, 16));
  narrow->to(torch::kBFloat16);
  const World w(narrow);
  const auto logits = [&](bool company) {
    std::vector<Tensor> seen;
    Engine engine(w.model, limits([](EngineLimits& l) { l.alone = true; }));
    const auto keep = [&](int64_t, const Tensor& row) {
      seen.push_back(row);
      return true;
    };
    if (company) {
      engine.run({w.answer(1, {9, 9}, 4), w.picture({4}, 1), w.answer(1, {4, 5}, 7, 12, keep),
                  w.picture({5}, 2)});
    } else {
      engine.run({w.answer(1, {4, 5}, 7, 12, keep)});
    }
    return torch::stack(seen);
  };
  EXPECT_TRUE(logits(false).equal(logits(true)));
}

TEST(Engine, ServesThreadsTogether) {
  const World w;
  Engine engine(w.model);
  std::vector<IdList> got(4);
  std::vector<Tensor> drawn(4);
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        const auto text = w.answer(static_cast<int64_t>(i), {4, 5}, i);
        const auto picture = w.picture({4}, i);
        engine.run({text, picture});
        got[i] = text->text().tokens();
        drawn[i] = picture->codes();
      });
    }
  }
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(got[i], w.alone(w.answer(static_cast<int64_t>(i), {4, 5}, i)));
    EXPECT_TRUE(drawn[i].equal(w.alone(w.picture({4}, i))));
  }
  EXPECT_FALSE(engine.wait(std::chrono::milliseconds(1)));
}

}  // namespace
}  // namespace showo
