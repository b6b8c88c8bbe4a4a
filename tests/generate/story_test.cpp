// Stories: what the caches give against the whole row with its matrix, who ends them, and how they
// go on.
#include <gtest/gtest.h>

#include "showo/generate/engine.h"
#include "showo/generate/picture_job.h"
#include "showo/generate/story_job.h"
#include "showo/prompt/omni_attention.h"
#include "tests/support/tiny_showo.h"

namespace showo {
namespace {

using IdList = std::vector<int64_t>;
using Told = std::vector<IdList>;

struct StoryWorld {
  explicit StoryWorld(int64_t positions = 2048)
      : model(tiny(positions)), prompting(model->vocabulary, 8) {}
  static Showo tiny(int64_t positions) {
    LlmConfig llm = tiny_llm(2, 16);
    llm.max_position_embeddings = positions;
    return tiny_showo(12, llm);
  }
  std::shared_ptr<StoryJob> story(const std::vector<StoryFrame>& before, const Told& told,
                                  const StoryOptions& options, uint64_t seed = 1,
                                  OnStoryFrame on_frame = {}, OnMaskStep on_step = {}) const {
    return std::make_shared<StoryJob>(model, prompting, before, told, options, seed,
                                      std::move(on_frame), std::move(on_step));
  }
  std::vector<StoryFrame> frames(const std::shared_ptr<StoryJob>& job) const {
    Engine(model).run({job});
    return job->frames();
  }
  // How much the model wants to end a text.
  void like_ends(double bias) {
    torch::NoGradGuard no_grad;
    model->showo->lm_head->bias[model->vocabulary.eos] = bias;
  }
  // Hidden states of the whole row under its written-out matrix.
  Tensor hidden(const Row& row) {
    torch::NoGradGuard no_grad;
    Sequences whole = {{row.length(), {}, nullptr, {}, allowed_attention(row.segments)}};
    return model->hidden(torch::tensor(row.ids), torch::tensor(positions_of(row.segments)),
                         std::move(whole));
  }
  // Of the picture behind `before`, as it is seen in a step.
  Tensor picture_logits(Row before, const Tensor& canvas) {
    const Vocabulary& v = model->vocabulary;
    IdList image;
    for (int64_t i = 0; i < canvas.size(0); ++i) {
      const auto code = canvas[i].item<int64_t>();
      image.push_back(code < 0 ? v.mask_token : code + v.image_offset);
    }
    const int64_t begin = before.length();
    prompting.append_story_picture(before, image);
    return model->image_logits(hidden(before).narrow(0, begin + 1, canvas.size(0)));
  }
  void append(Row& row, const StoryFrame& frame) const {
    prompting.append_story_text(row, frame.text);
    auto ids = frame.codes;
    for (int64_t& id : ids) id += model->vocabulary.image_offset;
    prompting.append_story_picture(row, ids);
  }

  Showo model;
  Prompting prompting;
};

StoryOptions options_of(int64_t frames, double guidance = 0) {
  StoryOptions options;
  options.frames = frames;
  options.sampling = {.steps = 3, .guidance = guidance};
  options.text.max_tokens = 5;
  options.text.top_k = 1;
  return options;
}

bool same(const std::vector<StoryFrame>& a, const std::vector<StoryFrame>& b) {
  return std::ranges::equal(a, b, [](const StoryFrame& x, const StoryFrame& y) {
    return x.text == y.text && x.codes == y.codes;
  });
}

TEST(Story, DrawsWhatTheWholeRowSays) {
  for (const double guidance : {0.0, 2.0}) {
    StoryWorld w;
    const Told told = {{4, 5, 6}, {7, 8}, {9}};
    Row past = w.prompting.begin_story();
    size_t frame = 0;
    Tensor canvas = torch::full({16}, -1, torch::kLong);
    const auto job = w.story(
        {}, told, options_of(3, guidance), 1,
        [&](size_t, const StoryFrame& made) {
          w.append(past, made);
          canvas.fill_(-1);
          return ++frame > 0;
        },
        [&](const MaskStep& step) {
          Row with = past, without = past;
          w.prompting.append_story_text(with, told[frame]);
          w.prompting.append_story_text(without, {});
          auto want = w.picture_logits(with, canvas);
          if (guidance > 0)
            want = (1 + guidance) * want - guidance * w.picture_logits(without, canvas);
          if (step.places_P.defined()) want = want.index_select(0, step.places_P);
          EXPECT_TRUE(torch::allclose(step.logits_PK, want, 1e-3, 1e-3))
              << frame << " " << step.step;
          canvas = torch::where(step.masked_N, -1, step.codes_N);
          return true;
        });
    EXPECT_EQ(w.frames(job).size(), 3u);
    EXPECT_EQ(frame, 3u);
    EXPECT_FALSE(job->ended());
  }
}

TEST(Story, WritesWhatTheWholeRowSays) {
  torch::NoGradGuard no_grad;
  StoryWorld w;
  w.like_ends(0.3);
  StoryOptions options = options_of(4);
  const auto frames = w.frames(w.story({}, {{4, 5}}, options));
  ASSERT_EQ(frames.size(), 4u);
  Row row = w.prompting.begin_story();
  w.append(row, frames[0]);
  for (size_t f = 1; f < frames.size(); ++f) {
    Row writing = row;
    IdList text, next = {w.model->vocabulary.bos};
    while (std::ssize(text) < options.text.max_tokens) {
      writing.append_text(next);
      auto logits = w.model->logits(w.hidden(writing)[-1]);
      if (text.empty()) logits[w.model->vocabulary.eos] = -1e9;  // so many frames are asked for
      next = {logits.argmax().item<int64_t>()};
      if (next[0] == w.model->vocabulary.eos) break;
      text.push_back(next[0]);
    }
    EXPECT_EQ(frames[f].text, text) << f;
    w.append(row, frames[f]);
  }
}

TEST(Story, EndsWithATextThatSaysNothing) {
  StoryWorld w;
  w.like_ends(1000);
  const auto free = w.story({}, {{4, 5}}, options_of(0));
  EXPECT_EQ(w.frames(free).size(), 1u);
  EXPECT_TRUE(free->ended());
  const auto asked = w.story({}, {{4, 5}}, options_of(3));
  const auto frames = w.frames(asked);
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_FALSE(asked->ended());
  for (const auto& frame : frames) EXPECT_FALSE(frame.text.empty());
  w.like_ends(-1000);
  StoryOptions options = options_of(0);
  options.most_frames = 4;
  const auto endless = w.story({}, {{4, 5}}, options);
  EXPECT_EQ(w.frames(endless).size(), 4u);
  EXPECT_FALSE(endless->ended());
}

TEST(Story, GoesOnAsIfItHadNotStopped) {
  StoryWorld w;
  const Told told = {{4, 5}, {6}};
  StoryOptions options = options_of(5, 1);
  options.text.top_k = 0;
  const auto whole = w.frames(w.story({}, told, options, 7));
  ASSERT_EQ(whole.size(), 5u);
  for (const size_t stop : {1, 3}) {
    const auto stopped = w.story({}, told, options, 7,
                                 [&](size_t frame, const StoryFrame&) { return frame + 1 < stop; });
    const auto before = w.frames(stopped);
    ASSERT_EQ(before.size(), stop);
    const Told left(told.begin() + std::min(stop, told.size()), told.end());
    EXPECT_TRUE(same(w.frames(w.story(before, left, options, 7)), whole)) << stop;
  }
  EXPECT_FALSE(same(w.frames(w.story({}, told, options, 8)), whole));
}

TEST(Story, BeginsWithAPictureThatIsGiven) {
  StoryWorld w;
  const StoryFrame given{{}, IdList(16, 3)};
  const auto frames = w.frames(w.story({given}, {{4, 5}}, options_of(2)));
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0].codes, given.codes);
  EXPECT_EQ(frames[1].text, (IdList{4, 5}));
}

// A frame takes the room of a text, eight, and 18 of a picture.
TEST(Story, KeepsToTheModelsPositions) {
  StoryWorld w(70);
  EXPECT_THROW(w.story({}, {{4}}, options_of(4)), UsageError);
  StoryOptions options = options_of(0);
  options.most_frames = 100;
  w.like_ends(-1000);
  const auto job = w.story({}, {{4}}, options);
  const auto frames = w.frames(job);
  EXPECT_GE(frames.size(), 2u);
  EXPECT_LE(frames.size(), 3u);
  Row row = w.prompting.begin_story();
  for (const auto& frame : frames) w.append(row, frame);
  EXPECT_LE(row.next_position(), 70);
}

TEST(Story, IsTheSameInCompany) {
  StoryWorld w;
  const auto want = w.frames(w.story({}, {{4, 5}}, options_of(3, 1), 3));
  const auto story = w.story({}, {{4, 5}}, options_of(3, 1), 3);
  std::vector<Engine::JobPtr> jobs = {story, w.story({}, {{4, 5}}, options_of(2), 4)};
  const IdList blank(16, w.model->vocabulary.mask_token);
  for (uint64_t i = 0; i < 3; ++i) {
    jobs.push_back(std::make_shared<PictureJob>(
        w.model, w.prompting.text_to_image(IdList{7}, blank), w.prompting.text_to_image({}, blank),
        torch::full({16}, -1, torch::kLong), SamplingOptions{.steps = 9},
        std::make_unique<SeededDraws>(i)));
  }
  Engine(w.model).run(jobs);
  EXPECT_TRUE(same(story->frames(), want));
}

}  // namespace
}  // namespace showo
