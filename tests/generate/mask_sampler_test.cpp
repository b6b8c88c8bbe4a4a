// Sampling with the prefix cache against the whole row read anew, and what a caller may rely on.
#include "showo/generate/mask_sampler.h"

#include <gtest/gtest.h>

#include "showo/generate/halton.h"
#include "showo/prompt/omni_attention.h"
#include "showo/prompt/prompting.h"
#include "tests/support/drawn.h"
#include "tests/support/tiny_showo.h"

namespace showo {
namespace {

using IdList = std::vector<int64_t>;

struct Fixture {
  explicit Fixture(Showo showo) : model(std::move(showo)), prompting(model->prompting()) {}

  Row prompt(const IdList& text) const {
    return prompting.text_to_image(
        text, IdList(model->config.num_vq_tokens, model->vocabulary.mask_token));
  }
  // Steps of all pictures; with several, of each in its turn.
  Tensor sample(const std::vector<IdList>& texts, const std::vector<uint64_t>& seeds,
                const Tensor& canvas, const SamplingOptions& options,
                const std::function<void(const MaskStep&)>& on_step = {}) {
    Engine engine(model);
    if (!on_step) return drawn(engine, texts, seeds, canvas, options);
    return drawn(engine, texts, seeds, canvas, options,
                 [&](size_t, const MaskStep& step) { on_step(step); });
  }
  Tensor blank(int64_t batch) const {
    return torch::full({batch, model->config.num_vq_tokens}, -1, torch::kLong);
  }
  // The image's logits from the whole row with its attention matrix, as the paper has it.
  Tensor dense_logits(Row row, const Tensor& canvas_N) {
    torch::NoGradGuard no_grad;
    const Vocabulary& v = model->vocabulary;
    const auto image = torch::where(canvas_N < 0, v.mask_token, canvas_N + v.image_offset);
    for (int64_t i = 0; i < image.size(0); ++i) {
      row.ids[row.picture().begin + 1 + i] = image[i].item<int64_t>();
    }
    Sequences whole = {{row.length(), {}, nullptr, {}, allowed_attention(row.segments)}};
    const auto hidden =
        model->hidden(torch::tensor(row.ids), torch::arange(row.length()), std::move(whole));
    return model->image_logits(hidden.narrow(0, row.picture().begin + 1, image.size(0)));
  }

  Showo model;
  Prompting prompting;
};

class CachedSampling : public testing::TestWithParam<std::tuple<int, int, int>> {};

TEST_P(CachedSampling, GivesTheLogitsOfTheWholeRowAtEveryStep) {
  const auto [heads, head_size, text_length] = GetParam();
  Fixture f(tiny_showo(5, tiny_llm(heads, head_size)));
  const IdList text(text_length, 3);
  SamplingOptions options;
  options.steps = 4;
  Tensor canvas = f.blank(1)[0];
  f.sample({text}, {1}, f.blank(1), options, [&](const MaskStep& step) {
    const auto expected = (1 + options.guidance) * f.dense_logits(f.prompt(text), canvas) -
                          options.guidance * f.dense_logits(f.prompt({}), canvas);
    EXPECT_LT((step.logits_PK - expected).abs().max().item<double>(),
              1e-4 * expected.abs().max().item<double>());
    canvas = torch::where(step.masked_N, -1, step.codes_N);
  });
}

INSTANTIATE_TEST_SUITE_P(Shapes, CachedSampling,
                         testing::Values(std::tuple{2, 16, 3}, std::tuple{1, 8, 0},
                                         std::tuple{3, 12, 6}, std::tuple{4, 64, 1}));

// Of causal attention every step computes the whole picture, whatever `refresh` says.
TEST(SampleCodes, DrawsByCausalAttentionAsTheWholeRowSays) {
  Showo model = tiny_showo(5, tiny_llm(2, 16));
  model->config.attention = "causal";
  Fixture f(model);
  for (const int refresh : {1, 3}) {
    SamplingOptions options;
    options.steps = 4;
    options.refresh = refresh;
    Tensor canvas = f.blank(1)[0];
    f.sample({IdList{1, 2}}, {1}, f.blank(1), options, [&](const MaskStep& step) {
      const auto expected = (1 + options.guidance) * f.dense_logits(f.prompt({1, 2}), canvas) -
                            options.guidance * f.dense_logits(f.prompt({}), canvas);
      EXPECT_LT((step.logits_PK - expected).abs().max().item<double>(),
                1e-4 * expected.abs().max().item<double>());
      canvas = torch::where(step.masked_N, -1, step.codes_N);
    });
  }
}

// 512²: a picture of 1,024 tokens, whole and by the part that was masked.
TEST(SampleCodes, DrawsLargePicturesAsTheWholeRowSays) {
  Fixture f(tiny_showo(5, tiny_llm(2, 16)));
  f.model->config.num_vq_tokens = 1024;
  SamplingOptions options;
  options.steps = 2;
  Tensor canvas = f.blank(1)[0];
  f.sample({IdList{1, 2}}, {1}, f.blank(1), options, [&](const MaskStep& step) {
    const auto expected = (1 + options.guidance) * f.dense_logits(f.prompt({1, 2}), canvas) -
                          options.guidance * f.dense_logits(f.prompt({}), canvas);
    EXPECT_LT((step.logits_PK - expected).abs().max().item<double>(),
              1e-4 * expected.abs().max().item<double>());
    canvas = torch::where(step.masked_N, -1, step.codes_N);
  });
}

TEST(SampleCodes, KeepsWhatIsKnown) {
  Fixture f(tiny_showo());
  auto canvas = f.blank(2);
  canvas.narrow(1, 4, 5).fill_(17);
  const auto codes = f.sample({{1, 2}, {3}}, {1, 2}, canvas, SamplingOptions{.steps = 5});
  EXPECT_TRUE(codes.narrow(1, 4, 5).eq(17).all().item<bool>());
  EXPECT_TRUE(codes.ge(0).logical_and(codes.lt(64)).all().item<bool>());
}

TEST(SampleCodes, GivesBackAPictureThatIsKnownWhole) {
  Fixture f(tiny_showo());
  const auto canvas = torch::arange(16).unsqueeze(0);
  EXPECT_TRUE(f.sample({{1}}, {9}, canvas, SamplingOptions{.steps = 3}).equal(canvas));
}

TEST(SampleCodes, DependsOnTheSeedAndNotOnTheRestOfTheBatch) {
  Fixture f(tiny_showo());
  const SamplingOptions options{.steps = 6};
  const auto alone = f.sample({{1, 2}}, {7}, f.blank(1), options);
  const auto together = f.sample({{3}, {1, 2}, {1, 2}}, {4, 7, 8}, f.blank(3), options);
  EXPECT_TRUE(together[1].equal(alone[0]));
  EXPECT_FALSE(together[2].equal(alone[0]));
}

// Pictures of different prompts, one of them twice, one empty.
TEST(SampleCodes, GivesEachPromptWhatItGetsAlone) {
  Fixture f(tiny_showo(6, tiny_llm(2, 16)));
  const std::vector<IdList> prompts = {{3, 4, 5}, {7}, {}, {3, 4, 5}};
  const std::vector<uint64_t> seeds = {4, 5, 6, 7};
  SamplingOptions options;
  options.steps = 5;
  const auto together = f.sample(prompts, seeds, f.blank(4), options);
  for (int64_t b = 0; b < 4; ++b)
    EXPECT_TRUE(
        torch::equal(f.sample({prompts[b]}, {seeds[b]}, f.blank(1), options)[0], together[b]));
}

TEST(SeededDraws, FollowTheProbabilities) {
  const auto probabilities = torch::tensor({0.0, 0.7, 0.0, 0.2, 0.1, 0.0}).repeat({4000, 1});
  const auto codes = SeededDraws(9).codes(0, 4000, {}, probabilities.to(torch::kFloat));
  const auto share = codes.bincount({}, 6).to(torch::kDouble) / 4000;
  EXPECT_TRUE(torch::allclose(share, probabilities[0].to(torch::kDouble), 0, 0.03)) << share;
  for (int64_t impossible : {0, 2, 5}) EXPECT_EQ(share[impossible].item<double>(), 0);
}

TEST(SampleCodes, UnmasksEverythingInTheLastOfAnyNumberOfSteps) {
  Fixture f(tiny_showo());
  for (int steps : {1, 2, 7, 16}) {
    for (double guidance : {0.0, 3.0}) {
      const SamplingOptions options{.steps = steps, .guidance = guidance};
      int seen = 0;
      int64_t masked = 17;
      f.sample({{1}}, {1}, f.blank(1), options, [&](const MaskStep& step) {
        const auto now = step.masked_N.sum().item<int64_t>();
        EXPECT_LE(now, masked) << "step " << seen;
        masked = now;
        ++seen;
      });
      EXPECT_EQ(seen, steps);
    }
  }
}

TEST(SampleCodes, LeavesGuidanceOutAfterItsShareOfTheSteps) {
  Fixture f(tiny_showo());
  SamplingOptions options{.steps = 4, .guidance = 3, .guided = 0.5};
  Tensor canvas = f.blank(1)[0];
  f.sample({{1, 2}}, {1}, f.blank(1), options, [&](const MaskStep& step) {
    const double w = step.step < 2 ? 3 : 0;
    const auto expected = (1 + w) * f.dense_logits(f.prompt({1, 2}), canvas) -
                          w * f.dense_logits(f.prompt({}), canvas);
    EXPECT_LT((step.logits_PK - expected).abs().max().item<double>(),
              1e-4 * expected.abs().max().item<double>())
        << step.step;
    canvas = torch::where(step.masked_N, -1, step.codes_N);
  });
  const auto none = f.sample({{1}}, {5}, f.blank(1), {.steps = 4, .guidance = 3, .guided = 0});
  EXPECT_TRUE(none.equal(f.sample({{1}}, {5}, f.blank(1), {.steps = 4, .guidance = 0})));
}

// What was masked one step before, at first everything, is computed again beside what was kept by
// then; so the first two steps, and every step that computes all, are exact.
TEST(SampleCodes, RefreshesKeptCodesWhenItsTurnComes) {
  Fixture f(tiny_showo());
  const SamplingOptions options{.steps = 8, .guidance = 2, .refresh = 4};
  Tensor canvas = f.blank(1)[0];
  f.sample({{1, 2}}, {1}, f.blank(1), options, [&](const MaskStep& step) {
    const auto expected =
        3 * f.dense_logits(f.prompt({1, 2}), canvas) - 2 * f.dense_logits(f.prompt({}), canvas);
    const auto& places = step.places_P;
    const auto there = [&](const Tensor& x) {
      return places.defined() ? x.index_select(0, places) : x;
    };
    const double off = (step.logits_PK - there(expected))
                           .abs()
                           .masked_select(there(canvas < 0).unsqueeze(1))
                           .max()
                           .item<double>() /
                       expected.abs().max().item<double>();
    if (step.step < 2 || step.step == 4) {
      EXPECT_LT(off, 1e-4) << step.step;
    } else {
      EXPECT_GT(off, 1e-4) << step.step << ": nothing was left as it was";
    }
    canvas = torch::where(step.masked_N, -1, step.codes_N);
  });
}

TEST(SampleCodes, WithReuseStillDependsOnTheSeedAlone) {
  Fixture f(tiny_showo());
  const SamplingOptions options{.steps = 6, .guidance = 2, .guided = 0.7, .refresh = 3};
  const auto alone = f.sample({{1, 2}}, {7}, f.blank(1), options);
  const auto together = f.sample({{3}, {1, 2}, {1, 2}}, {4, 7, 8}, f.blank(3), options);
  EXPECT_TRUE(together[1].equal(alone[0]));
}

TEST(SampleCodes, InHaltonOrderKeepsThePlacesOfTheSequenceFirst) {
  Fixture f(tiny_showo());
  const auto ranks = halton_ranks(16);
  auto canvas = f.blank(1);
  canvas.narrow(1, 3, 1).fill_(9);
  int64_t kept = 0;
  f.sample({{1}}, {1}, canvas, {.steps = 5, .order = "halton"}, [&](const MaskStep& step) {
    const auto masked = step.masked_N;
    EXPECT_FALSE(masked[3].item<bool>());
    if (masked.any().item<bool>()) {
      auto others = masked.logical_not();
      others[3] = false;
      EXPECT_LT(others.any().item<bool>() ? ranks.masked_select(others).max().item<int64_t>() : -1,
                ranks.masked_select(masked).min().item<int64_t>());
    }
    const auto now = 16 - masked.sum().item<int64_t>();
    EXPECT_GT(now, kept);
    kept = now;
  });
  EXPECT_EQ(kept, 15) << "the last step masks one, as published, and then is done";
}

TEST(HaltonRanks, AreAPermutationWhoseBeginningsCoverTheGrid) {
  for (int64_t side : {4, 16, 32}) {
    const auto ranks = halton_ranks(side * side);
    EXPECT_TRUE(std::get<0>(ranks.sort()).equal(torch::arange(side * side))) << side;
    // Of the first sixteen, each quarter of the picture has three to five.
    const auto first = ranks.lt(16).view({2, side / 2, 2, side / 2}).sum({1, 3});
    EXPECT_GE(first.min().item<int64_t>(), 3) << side;
    EXPECT_LE(first.max().item<int64_t>(), 5) << side;
  }
}

TEST(SampleCodes, DrawTheLikeliestCodesWhenCold) {
  Fixture f(tiny_showo());
  const SamplingOptions cold{.steps = 1, .guidance = 50, .code_temperature = 0.01};
  f.sample({{1, 2}}, {1}, f.blank(1), cold, [&](const MaskStep& step) {
    const auto [best, codes] = step.logits_PK.topk(2);
    const auto clear = (best.select(1, 0) - best.select(1, 1)).gt(0.2);  // twenty times the cold
    ASSERT_GT(clear.sum().item<int64_t>(), 3);
    EXPECT_TRUE(step.codes_N.masked_select(clear).equal(codes.select(1, 0).masked_select(clear)));
  });
}

// A step computes the logits of codes that are still masked alone: nothing that is drawn depends on
// the others.
TEST(SampleCodes, WantsTheLogitsOfMaskedCodesAlone) {
  Fixture f(tiny_showo());
  auto part = f.blank(1);
  part.narrow(1, 2, 9).fill_(7);
  for (const SamplingOptions& options :
       {SamplingOptions{.steps = 6, .guidance = 2, .guided = 0.5},
        SamplingOptions{.steps = 6, .guidance = 0, .order = "halton"},
        SamplingOptions{.steps = 8, .guidance = 2, .refresh = 3}, SamplingOptions{.steps = 16}}) {
    for (const Tensor& canvas : {f.blank(1), part}) {
      std::vector<Tensor> all;
      f.sample({{1, 2}}, {3}, canvas, options,
               [&](const MaskStep& s) { all.push_back(s.codes_N); });
      std::vector<MaskStep> steps;
      Engine engine(f.model);
      const auto job =
          std::make_shared<PictureJob>(f.model, f.prompt({1, 2}), f.prompt({}), canvas[0], options,
                                       std::make_unique<SeededDraws>(3), [&](const MaskStep& step) {
                                         steps.push_back(step);
                                         return true;
                                       });
      engine.run({job});
      ASSERT_EQ(steps.size(), all.size());
      int64_t masked = (canvas < 0).sum().item<int64_t>();
      for (size_t i = 0; i < steps.size(); ++i) {
        EXPECT_TRUE(steps[i].codes_N.equal(all[i])) << "step " << i;
        EXPECT_EQ(steps[i].logits_PK.size(0), std::max<int64_t>(masked, 1)) << "step " << i;
        masked = steps[i].masked_N.sum().item<int64_t>();
      }
    }
  }
}

TEST(SampleCodes, DrawAmongTheLikeliestCodesOnly) {
  Fixture f(tiny_showo());
  const auto rank_of_drawn = [&](int64_t k) {
    int64_t worst = 0;
    f.sample({{1, 2}}, {1}, f.blank(1), {.steps = 1, .guidance = 0, .code_top_k = k},
             [&](const MaskStep& step) {
               const auto own = step.logits_PK.gather(1, step.codes_N.unsqueeze(1));
               worst = (step.logits_PK > own).sum(1).max().item<int64_t>();
             });
    return worst;
  };
  EXPECT_EQ(rank_of_drawn(1), 0);
  EXPECT_LT(rank_of_drawn(3), 3);
  EXPECT_GT(rank_of_drawn(0), 3) << "without a limit unlikely codes are drawn too";
  EXPECT_EQ(rank_of_drawn(1000), rank_of_drawn(0)) << "more than there are";
}

TEST(SampleCodes, KeepAtOnceWhatIsLikelierThanTheThreshold) {
  Fixture f(tiny_showo());
  const auto steps_of = [&](SamplingOptions options, Tensor* codes = nullptr) {
    int steps = 0;
    const auto drawn = f.sample({{1, 2}}, {1}, f.blank(1), options, [&](const MaskStep& step) {
      const auto p = (step.logits_PK / options.code_temperature).softmax(-1);
      const auto own = p.gather(1, step.codes_N.unsqueeze(1)).squeeze(1);
      EXPECT_FALSE((step.masked_N & (own > options.commit_above)).any().item<bool>());
      ++steps;
    });
    EXPECT_TRUE((drawn >= 0).all().item<bool>());
    if (codes) *codes = drawn;
    return steps;
  };
  Tensor at_once, in_one_step;
  EXPECT_EQ(steps_of({.steps = 8, .guidance = 0, .commit_above = 0}, &at_once), 1);
  EXPECT_EQ(steps_of({.steps = 1, .guidance = 0}, &in_one_step), 1);
  EXPECT_TRUE(at_once.equal(in_one_step));
  EXPECT_EQ(steps_of({.steps = 8, .guidance = 0, .commit_above = 1}), 8);
  const int some = steps_of({.steps = 16,
                             .guidance = 2,
                             .code_temperature = 0.3,
                             .commit_above = 0.3,
                             .order = "halton"});
  EXPECT_GT(some, 1);
  EXPECT_LT(some, 16);
}

TEST(SamplingOptions, RefusesWhatMakesNoSense) {
  EXPECT_THROW(SamplingOptions{.steps = 0}.check(16), UsageError);
  EXPECT_THROW(SamplingOptions{.steps = 17}.check(16), UsageError);
  EXPECT_THROW(SamplingOptions{.guidance = -1}.check(16), UsageError);
  EXPECT_THROW(SamplingOptions{.guidance = NAN}.check(16), UsageError);
  EXPECT_THROW(SamplingOptions{.temperature = INFINITY}.check(16), UsageError);
  EXPECT_THROW(SamplingOptions{.code_temperature = 0}.check(16), UsageError);
  EXPECT_THROW(SamplingOptions{.guided = 1.5}.check(16), UsageError);
  EXPECT_THROW(SamplingOptions{.code_top_k = -1}.check(16), UsageError);
  EXPECT_THROW(SamplingOptions{.commit_above = 1.1}.check(16), UsageError);
  EXPECT_THROW(SamplingOptions{.refresh = 0}.check(16), UsageError);
  EXPECT_THROW(SamplingOptions{.order = "random"}.check(16), UsageError);
  EXPECT_THROW(SamplingOptions{.schedule = "cubist"}.check(16), Error);
  EXPECT_NO_THROW(SamplingOptions{}.check(18));
}

}  // namespace
}  // namespace showo
