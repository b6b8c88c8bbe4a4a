// The library as others use it: only include/showo is included here.
#include "showo/model.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "showo/home.h"

namespace showo {
namespace {

const Model& model() {
  static const Model model(SHOWO_SOURCE_DIR "/models/embedded");
  return model;
}
SamplingOptions quick() {
  SamplingOptions options = model().sampling();
  options.steps = 4;
  return options;
}
const Image& scene() {
  static const Image scene = read_image(SHOWO_SOURCE_DIR "/models/embedded/samples/scene.png");
  return scene;
}
const std::vector<Wish> kWishes = {{"a glossy apple on a blue background", 1}, {"two frogs", 2}};

template <class E, class F>
std::string thrown(F&& call) {
  try {
    call();
  } catch (const E& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Model, SaysWhatItIs) {
  const ModelInfo& info = model().info();
  EXPECT_EQ(info.image_size, 64);
  EXPECT_EQ(info.image_tokens, 64);
  EXPECT_EQ(info.vision, "discrete");
  EXPECT_EQ(model().sampling("fast").steps, model().sampling().steps / 2);
}

TEST(Model, PendingResultsAreWhatCallsGive) {
  const auto pictures = model().generate(kWishes, quick());
  const View view = model().view({scene()});
  const std::vector<std::string> questions = {"what is in the picture?",
                                              "how many things are there?"};
  const auto answers = model().ask(view, questions);
  auto drawn = model().start_generate(kWishes, quick());
  auto asked = model().for_client("another").start_ask(view, questions);
  auto again = asked.get();
  ASSERT_EQ(again.size(), 2U);
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(again[i].text, answers[i].text);
  EXPECT_EQ(drawn.get(), pictures);
  EXPECT_FALSE(drawn.valid());
  EXPECT_EQ(model().generate({kWishes[1]}, quick())[0], pictures[1]);
}

TEST(Model, AnyThreadMayUseItAtOnce) {
  const auto expected = model().generate(kWishes, quick());
  const std::string answer = model().ask(scene(), "what is in the picture?");
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i, own = model()] {
      if (i % 2 == 0) {
        wrong += own.generate(kWishes, quick()) != expected;
        wrong += own.decode(own.encode(scene())) != own.reconstruct(scene());
      } else {
        wrong += own.ask(scene(), "what is in the picture?") != answer;
        wrong += own.start_generate({kWishes[0]}, quick()).get()[0] != expected[0];
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Model, StepsShowThePictureAndMayStopIt) {
  std::vector<int> masked;
  Image last;
  const auto pictures = model().generate({kWishes[0]}, quick(), [&](const PictureStep& step) {
    const auto codes = step.codes();
    masked.push_back(static_cast<int>(std::ranges::count(codes, -1)));
    last = step.image();
    return step.step() < 2;
  });
  ASSERT_EQ(masked.size(), 3U);
  EXPECT_GT(masked[0], masked[1]);
  EXPECT_GT(masked[1], masked[2]);
  EXPECT_EQ(pictures[0], last);
}

TEST(Model, AnswersComeInPieces) {
  std::string text;
  const auto answers = model().ask(model().view({scene()}), {"what is in the picture?"}, {}, 0,
                                   [&](size_t, const std::string& more) {
                                     text += more;
                                     return true;
                                   });
  EXPECT_EQ(text, answers[0].text);
  EXPECT_TRUE(answers[0].complete);
}

TEST(Model, WhatIsCancelledSaysSo) {
  SamplingOptions slow = model().sampling();
  slow.steps = 64;
  std::atomic<bool> begun = false;
  auto pending = model().start_generate({kWishes[0]}, slow, [&](const PictureStep&) {
    begun = true;
    return true;
  });
  while (!begun) std::this_thread::yield();
  pending.cancel();
  EXPECT_EQ(thrown<Cancelled>([&] { pending.get(); }), "it was cancelled");
}

TEST(Model, WhatACallbackThrowsIsThrown) {
  const auto on_step = [](const PictureStep&) -> bool { throw std::runtime_error("enough"); };
  EXPECT_EQ(thrown<std::runtime_error>([&] { model().generate(kWishes, quick(), on_step); }),
            "enough");
  EXPECT_EQ(
      thrown<std::runtime_error>([&] { model().start_generate(kWishes, quick(), on_step).get(); }),
      "enough");
  EXPECT_EQ(model().generate({kWishes[0]}, quick()).size(), 1U);
}

TEST(Model, WhatIsDroppedAndItsModelGoInPeace) {
  std::atomic<int> steps = 0;
  {
    Model own(SHOWO_SOURCE_DIR "/models/embedded");
    own.start_generate(kWishes, quick(), [&steps, own](const PictureStep&) {
      ++steps;
      return true;
    });
  }
  for (int i = 0; i < 2000 && steps < 8; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(steps, 8);
}

TEST(Model, PicturesAreChangedWhereTheyShallBe) {
  Image mask(scene().width, scene().height);
  for (int y = 0; y < mask.height / 2; ++y)
    for (int x = 0; x < mask.width / 2; ++x) std::fill_n(mask.pixel(x, y), 3, 255);
  const Wish wish{"an apple on a white background", 5};
  const Image filled = model().inpaint(scene(), mask, wish, quick());
  for (int y = 0; y < mask.height; ++y)
    for (int x = mask.width / 2; x < mask.width; ++x)
      ASSERT_TRUE(std::equal(filled.pixel(x, y), filled.pixel(x, y) + 3, scene().pixel(x, y)));
  EXPECT_EQ(filled, model().start_inpaint(scene(), mask, wish, quick()).get());
  const Image wide = model().extend(scene(), Side::kRight, wish, quick());
  EXPECT_GT(wide.width, scene().width);
  EXPECT_EQ(wide, model().start_extend(scene(), Side::kRight, wish, quick()).get());
  EXPECT_EQ(model().redraw(scene(), wish, {.strength = 0.5, .rounds = 1}, quick()).width, 64);
  EXPECT_EQ(model().change(scene(), {"the background turns blue", 1}, quick()).width, 64);
}

TEST(Model, ChatsAndStoriesGoOn) {
  Chat chat = model().chat({scene()});
  std::string streamed;
  const auto first =
      chat.ask("what is in the picture?", {}, 0, [&](size_t, const std::string& more) {
        streamed += more;
        return true;
      });
  EXPECT_EQ(streamed, first.text);
  chat.ask("what colour is the background?");
  EXPECT_EQ(chat.turns().size(), 2U);
  StoryOptions options;
  options.sampling = quick();
  options.frames = 3;
  const auto frames =
      model().tell({model().frame(scene())}, {"the background turns blue"}, options, 1);
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[1].text, "the background turns blue");
}

TEST(Model, RefusesWhatCannotBe) {
  EXPECT_THROW(Model("no-such-folder"), Error);
  EXPECT_EQ(thrown<OptionError>([] { Model(SHOWO_SOURCE_DIR "/models/embedded", {.bits = 5}); }),
            "bits 5: expected 8 or 4");
  EXPECT_EQ(
      thrown<OptionError>([] { Model(SHOWO_SOURCE_DIR "/models/embedded", {.dtype = "int3"}); }),
      "dtype int3: expected fp32, bf16 or fp16");
  EXPECT_THROW(model().generate(" "), UsageError);
  SamplingOptions none = quick();
  none.steps = 0;
  EXPECT_EQ(thrown<OptionError>([&] { model().start_generate(kWishes, none); }),
            "steps 0: expected 1 to 65536");
  EXPECT_THROW(model().ask(scene(), "\n"), UsageError);
  EXPECT_THROW(model().view({}), UsageError);
  EXPECT_THROW(model().decode(std::vector<int64_t>(63, 0)), UsageError);
  EXPECT_THROW(model().decode(std::vector<int64_t>(64, 8192)), UsageError);
  EXPECT_THROW(model().inpaint(scene(), Image(3, 3), kWishes[0], quick()), Error);
  EXPECT_THROW(model().extend(scene(), Side::kUp, kWishes[0], quick(), 99), OptionError);
  Pending<Image> nothing;
  EXPECT_THROW(nothing.wait(), std::logic_error);
  EngineLimits small;
  small.cache_bytes = 1;
  const Model tight(SHOWO_SOURCE_DIR "/models/embedded", {.limits = small});
  EXPECT_THROW(tight.start_generate(kWishes, quick()), EngineFull);
  EXPECT_THROW(tight.generate(kWishes, quick()), EngineFull);
}

TEST(Home, IsWhereItIsSaidToBe) {
  ::setenv("SHOWO_HOME", SHOWO_SOURCE_DIR, 1);
  EXPECT_EQ(shared_path("models/embedded"), SHOWO_SOURCE_DIR "/models/embedded");
  ::setenv("SHOWO_HOME", "/nowhere", 1);
  EXPECT_EQ(thrown<Error>([] { shared_path("models/embedded"); }),
            "models/embedded is not there; looked for /nowhere/models/embedded; SHOWO_HOME names "
            "the folder that has it");
  ::unsetenv("SHOWO_HOME");
}

}  // namespace
}  // namespace showo
