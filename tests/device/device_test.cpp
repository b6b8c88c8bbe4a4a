// What only a GPU can show: recorded steps are the steps as they are, whatever else the GPU does
// meanwhile, and what is computed there is what a CPU computes. Skipped where there is no GPU.
#include <ATen/Context.h>
#include <gtest/gtest.h>

#include <thread>
#include <tuple>

#include "showo/core/replay.h"
#include "showo/generate/engine.h"
#include "showo/generate/story_job.h"
#include "showo/generate/text_job.h"
#include "showo/nn/norm_rotate.h"
#include "showo/nn/recompute.h"
#include "showo/prompt/prompting.h"
#include "showo/train/run.h"
#include "tests/support/drawn.h"
#include "tests/support/tiny_showo.h"

namespace showo {
namespace {

using IdList = std::vector<int64_t>;

class Gpu : public testing::Test {
 protected:
  void SetUp() override {
    if (!at::hasCUDA() || at::detail::getCUDAHooks().deviceCount() == 0) GTEST_SKIP() << "no GPU";
  }
  static Showo there(Showo model) {
    model->to(torch::kCUDA);
    return model;
  }
};

TEST_F(Gpu, ARecordingGivesWhatTheWorkGives) {
  torch::NoGradGuard no_grad;
  const auto x = torch::zeros({1000}, torch::kCUDA);
  Replay replay(torch::kCUDA, [&] { return (x * 2 + 1).cumsum(0); });
  for (int i = 0; i < 5; ++i) {
    x.fill_(i);
    const auto expected = (torch::full({1000}, i) * 2.0f + 1).cumsum(0);
    EXPECT_TRUE(torch::allclose(replay().cpu(), expected)) << i;
  }
}

// The second run records. Work that fails there ends neither the program nor the GPU's work.
TEST_F(Gpu, ARecordingThatFailsLeavesTheGpuUsable) {
  torch::NoGradGuard no_grad;
  const auto x = torch::ones({10}, torch::kCUDA);
  int calls = 0;
  Replay replay(torch::kCUDA, [&] {
    auto y = x + 1;
    if (++calls == 2) throw std::runtime_error("nothing to record");
    return y;
  });
  for (int i = 0; i < 4; ++i) EXPECT_EQ(replay().sum().item<float>(), 20) << i;
  Replay waits(torch::kCUDA, [&] { return x * x.sum().item<float>(); });  // cannot be recorded
  for (int i = 0; i < 4; ++i) EXPECT_EQ(waits().sum().item<float>(), 100) << i;
}

TEST_F(Gpu, AnotherThreadMayUseTheGpuDuringARecording) {
  torch::NoGradGuard no_grad;
  std::jthread other([](const std::stop_token& done) {
    for (int64_t i = 1; !done.stop_requested(); ++i)
      torch::ones({(i % 64) << 20}, torch::kCUDA).sum().item<float>();
  });
  const auto x = torch::ones({1 << 20}, torch::kCUDA);
  for (int round = 0; round < 20; ++round) {
    Replay replay(torch::kCUDA, [&] { return (x + round).sum(); });
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(replay().item<float>(), static_cast<float>((1 + round) << 20));
  }
}

TEST_F(Gpu, APicturesStepIsThatOfACpu) {
  torch::NoGradGuard no_grad;
  std::vector<Tensor> logits[2];
  for (const bool gpu : {false, true}) {
    const Showo model = gpu ? there(tiny_showo()) : tiny_showo();
    Engine engine(model);
    // Known codes leave no choice to draws, which differ on a GPU.
    const auto canvas = torch::arange(16).unsqueeze(0);
    drawn(engine, {IdList{3, 4}}, {1}, canvas, {.steps = 6, .guidance = 2, .guided = 0.5},
          [&](size_t, const MaskStep& step) { logits[gpu].push_back(step.logits_PK.cpu()); });
  }
  ASSERT_EQ(logits[1].size(), 6u);
  for (size_t i = 0; i < 6; ++i)
    EXPECT_TRUE(torch::allclose(logits[0][i], logits[1][i], 1e-3, 1e-3)) << i;
}

// Longer than the room that a recording has, so that it is made anew on the way.
TEST_F(Gpu, AnAnswersTokensAreThoseOfACpu) {
  torch::NoGradGuard no_grad;
  std::vector<Tensor> logits[2];
  for (const bool gpu : {false, true}) {
    Showo model = gpu ? there(tiny_showo(11, tiny_llm(2, 16))) : tiny_showo(11, tiny_llm(2, 16));
    Context context{{}, model->new_cache()};
    context.row.append_text(IdList{1, 2, 3});
    read(model, {&context});
    TokenStep step(model->showo, context, /*room=*/7);
    for (int64_t i = 0; i < 20; ++i) logits[gpu].push_back(step(i));
  }
  for (size_t i = 0; i < 20; ++i)
    EXPECT_TRUE(torch::allclose(logits[0][i], logits[1][i], 1e-3, 1e-3)) << i;
}

// Alone it is replayed from a recording, in company computed in passes.
TEST_F(Gpu, APictureDoesNotDependOnItsCompany) {
  const Showo model = there(tiny_showo());
  const auto draw = [&](const std::vector<uint64_t>& seeds) {
    Engine engine(model);
    const auto canvas = torch::full({std::ssize(seeds), 16}, -1, torch::kLong);
    return drawn(engine, std::vector<IdList>(seeds.size(), {3, 4}), seeds, canvas,
                 {.steps = 5, .guidance = 2});
  };
  const auto both = draw({5, 6});
  EXPECT_TRUE(torch::equal(draw({5})[0], both[0]));
  EXPECT_TRUE(torch::equal(draw({6})[0], both[1]));
}

// Answers and a story in one engine, whose texts are computed a token each at once.
TEST_F(Gpu, TextsAndStoriesDoNotDependOnTheirCompany) {
  LlmConfig llm = tiny_llm(2, 16);
  llm.max_position_embeddings = 512;
  const Showo model = there(tiny_showo(12, llm));
  const Prompting prompting(model->vocabulary, 8);
  const IdList image(model->config.num_vq_tokens, model->vocabulary.image_offset + 5);
  const auto answer = [&](int64_t question) {
    TextOptions options;
    options.max_tokens = 12;
    options.top_k = 1;
    return std::make_shared<TextJob>(
        model->llm_config(), prompting.question(prompting.codes(image), IdList{question, 4}),
        Tensor(), options, IdList{}, /*seed=*/1);
  };
  const auto story = [&] {
    StoryOptions options;
    options.frames = 3;
    options.sampling = {.steps = 3, .guidance = 2};
    options.text.max_tokens = 5;
    options.text.top_k = 1;
    return std::make_shared<StoryJob>(model, prompting, std::vector<StoryFrame>(),
                                      std::vector<IdList>{{3, 4}}, options, /*seed=*/2);
  };
  std::vector<std::shared_ptr<TextJob>> alone, together;
  for (int64_t i = 0; i < 5; ++i) {
    alone.push_back(answer(3 + i));
    Engine(model).run({alone.back()});
    together.push_back(answer(3 + i));
  }
  const auto lone_story = story(), other_story = story();
  Engine(model).run({lone_story});
  std::vector<Engine::JobPtr> jobs(together.begin(), together.end());
  jobs.push_back(other_story);
  Engine(model).run(jobs);
  for (size_t i = 0; i < alone.size(); ++i)
    EXPECT_EQ(together[i]->text().tokens(), alone[i]->text().tokens()) << i;
  ASSERT_EQ(other_story->frames().size(), lone_story->frames().size());
  for (size_t f = 0; f < lone_story->frames().size(); ++f) {
    EXPECT_EQ(other_story->frames()[f].text, lone_story->frames()[f].text) << f;
    EXPECT_EQ(other_story->frames()[f].codes, lone_story->frames()[f].codes) << f;
  }
}

TEST_F(Gpu, GradientsComputedAgainAreTheSame) {
  std::vector<Tensor> gradients[2];
  for (const bool again : {false, true}) {
    Showo model = there(tiny_showo());
    model->train();
    for (auto& parameter : model->parameters()) parameter.set_requires_grad(true);
    model->showo->recompute_layers = again;
    const Prompting prompting(model->vocabulary, model->config.text_tokens);
    const IdList image(model->config.num_vq_tokens, model->vocabulary.image_offset + 5);
    const Row row = prompting.text_to_image(IdList{3, 4}, image, image);
    {
      const Autocast autocast(true, torch::kCUDA);
      model->logits(model->hidden(pack({row}))).to(torch::kFloat).square().mean().backward();
    }
    for (const auto& parameter : model->parameters())
      if (parameter.grad().defined()) gradients[again].push_back(parameter.grad().cpu());
  }
  ASSERT_EQ(gradients[0].size(), gradients[1].size());
  ASSERT_FALSE(gradients[0].empty());
  for (size_t i = 0; i < gradients[0].size(); ++i) {
    const double scale = gradients[0][i].abs().max().item<double>() + 1e-12;
    EXPECT_LT((gradients[0][i] - gradients[1][i]).abs().max().item<double>() / scale, 1e-2) << i;
  }
}

// QK-norm and rotation by our kernel against LibTorch's operators, with gradients, for heads of odd
// sizes, positions of their own in each row, and queries that are a part of a wider tensor.
TEST_F(Gpu, NormRotateIsThatOfACpu) {
  for (const auto& [heads, size, rotary] : {std::tuple{2, 64, 32}, {3, 20, 10}, {1, 96, 96}}) {
    torch::manual_seed(size);
    LayerNorm norm(size, 1e-5);
    {
      torch::NoGradGuard no_grad;
      norm->weight.normal_();
      norm->bias.normal_();
    }
    const auto wide = torch::randn({2, 7, 3, heads * size});
    const auto positions = torch::randint(0, 500, {2, 7});
    const auto factor = torch::randn({2, heads, 7, size});
    std::vector<Tensor> results[2];
    for (const bool gpu : {false, true}) {
      const torch::Device device = gpu ? torch::kCUDA : torch::kCPU;
      norm->to(device);
      norm->zero_grad();
      auto all = wide.to(device).detach().requires_grad_();
      const auto x = all.select(2, 1).view({2, 7, heads, size});
      const Rope rope(positions.to(device), rotary_frequencies(rotary, 10000));
      const auto y = norm_rotate(x, norm, rope);
      (y * factor.to(device)).sum().backward();
      results[gpu] = {y.detach().cpu(), all.grad().cpu(), norm->weight.grad().cpu(),
                      norm->bias.grad().cpu()};
    }
    for (size_t i = 0; i < 4; ++i)
      EXPECT_TRUE(torch::allclose(results[0][i], results[1][i], 1e-3, 1e-3)) << size << " " << i;
  }
}

TEST_F(Gpu, NormRotateRoundsOnce) {
  torch::NoGradGuard no_grad;
  const auto x = torch::randn({1, 50, 4, 64});
  const auto positions = torch::arange(50).unsqueeze(0);
  for (const auto dtype : {torch::kBFloat16, torch::kHalf}) {
    LayerNorm norm(64, 1e-5);
    norm->weight.normal_();
    norm->bias.normal_();
    norm->to(dtype);
    const auto want =
        norm_rotate(x.to(dtype), norm, Rope(positions, rotary_frequencies(32, 10000)));
    norm->to(torch::kCUDA);
    const auto got = norm_rotate(x.to(torch::kCUDA, dtype), norm,
                                 Rope(positions.to(torch::kCUDA), rotary_frequencies(32, 10000)));
    const auto differ = got.cpu().ne(want).to(torch::kFloat).mean().item<double>();
    EXPECT_LT(differ, 0.02) << dtype;  // the sums' order may turn a rounding
    EXPECT_TRUE(torch::allclose(got.cpu().to(torch::kFloat), want.to(torch::kFloat), 0.02, 0.02));
  }
}

// All pieces of all rows in two calls of the fused kernel, against the definition in fp32: drawing,
// understanding, independent questions, features before which a text sees them, plain text.
TEST_F(Gpu, PackedRowsAttendAsOnACpu) {
  const Prompting prompting(Vocabulary::after(300, 64, 298, 299), 9);
  const Row codes = prompting.codes(IdList(9, 310)), features = prompting.features(7, IdList{1, 2});
  const std::vector<TurnIds> turns = {{{7, 7}, {8}}, {{9}, {10, 11}}};
  const auto rows =
      pack({prompting.text_to_image(IdList{7, 8}, IdList(9, 310)),
            without_pads(prompting.text_to_image({}, IdList(9, 310))),
            prompting.independent_questions(codes, turns, 100),
            prompting.understanding(features, turns, 100), prompting.language(IdList{1, 2, 3}, 5)});
  const int64_t tokens = rows.ids_T.numel();
  for (const int64_t key_heads : {4, 2}) {
    torch::manual_seed(3);
    std::vector<Tensor> results[2];
    const auto weights = torch::randn({tokens, 4, 64});
    std::vector<Tensor> inputs = {torch::randn({4, tokens, 64}),
                                  torch::randn({key_heads, tokens, 64}),
                                  torch::randn({key_heads, tokens, 64})};
    for (const bool gpu : {false, true}) {
      std::vector<Tensor> leaves;
      for (const auto& input : inputs) {
        leaves.push_back(
            input.to(torch::kBFloat16)
                .to(gpu ? torch::kCUDA : torch::kCPU, gpu ? torch::kBFloat16 : torch::kFloat)
                .requires_grad_());
      }
      const auto out = attend(leaves[0], leaves[1], leaves[2], rows.sequences, 0);
      (out.to(torch::kFloat) * weights.to(out.device())).sum().backward();
      results[gpu] = {out.detach().cpu().to(torch::kFloat)};
      for (const auto& leaf : leaves) results[gpu].push_back(leaf.grad().cpu().to(torch::kFloat));
    }
    for (size_t i = 0; i < 4; ++i) {
      const double scale = results[0][i].abs().max().item<double>();
      EXPECT_LT((results[0][i] - results[1][i]).abs().max().item<double>(), 0.02 * scale)
          << key_heads << " " << i;
    }
  }
}

// Texts of different lengths, some of which share what they begin with, and heads in groups.
TEST_F(Gpu, NextTokensOfManyTextsAttendAsEachAlone) {
  torch::NoGradGuard no_grad;
  torch::manual_seed(4);
  const auto noise = [](int64_t heads, int64_t tokens) {
    return torch::randn({heads, tokens, 32}, torch::dtype(torch::kBFloat16).device(torch::kCUDA));
  };
  std::vector<KvCache> caches;
  KvCache shared(1);
  shared.append(0, noise(2, 70), noise(2, 70));
  caches.push_back(shared.fork());
  caches.push_back(shared.fork());
  caches[1].append(0, noise(2, 9), noise(2, 9));
  KvCache& lone = caches.emplace_back(1);
  lone.append(0, noise(2, 5), noise(2, 5));
  const auto q = noise(8, 3), k = noise(2, 3), v = noise(2, 3);
  Sequences sequences;
  std::vector<Tensor> expected;
  for (int64_t i = 0; i < 3; ++i) {
    KvCache copy = caches[i].fork();
    const KeyRun all = joined(copy.append(0, k.narrow(1, i, 1), v.narrow(1, i, 1)));
    const auto there = [](const Tensor& x) {
      return x.to(torch::kCPU, torch::kFloat).unsqueeze(0);
    };
    expected.push_back(attend(there(q.narrow(1, i, 1)), there(all.keys), there(all.values),
                              /*causal=*/false)[0]
                           .transpose(0, 1));
    sequences.push_back({1, open_plan(1, caches[i].length() + 1), &caches[i]});
  }
  const auto out = attend(q, k, v, sequences, 0);
  EXPECT_EQ(out.sizes(), (at::IntArrayRef{3, 8, 32}));
  EXPECT_TRUE(
      torch::allclose(out.to(torch::kCPU, torch::kFloat), torch::cat(expected), 0.02, 0.02));
}

TEST_F(Gpu, JoinedProjectionsGiveTheSameHiddenStates) {
  torch::NoGradGuard no_grad;
  Showo model = there(tiny_showo());
  Row row;
  row.append_text(IdList{1, 2, 3, 4, 5});
  const PackedRows rows = pack({row});
  const auto apart = model->hidden(rows);
  model->showo->join_projections();
  EXPECT_TRUE(torch::allclose(model->hidden(rows), apart, 1e-4, 1e-4));
  model->to(torch::kCPU);  // moved: one by one again
  EXPECT_TRUE(torch::allclose(model->hidden(rows), apart.cpu(), 1e-3, 1e-3));
}

}  // namespace
}  // namespace showo
