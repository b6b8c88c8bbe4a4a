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
  int whole = 0;  // steps that are seen inside the picture
  const auto inside = [&](const PictureStep& step) {
    const Image now = step.later()();
    whole += now.width == scene().width && now != scene();
    for (int x = mask.width / 2; x < mask.width; ++x)
      whole -= !std::equal(now.pixel(x, 0), now.pixel(x, 0) + 3, scene().pixel(x, 0));
    return true;
  };
  EXPECT_EQ(filled, model().inpaint(scene(), mask, wish, quick(), inside));
  EXPECT_EQ(whole, 4);
  const Image wide = model().extend(scene(), Side::kRight, wish, quick());
  EXPECT_GT(wide.width, scene().width);
  EXPECT_EQ(wide, model().start_extend(scene(), Side::kRight, wish, quick()).get());
  const RedrawOptions rounds{.strength = 0.5, .rounds = 2};
  std::vector<int> steps;
  const Image redrawn =
      model().redraw(scene(), wish, rounds, quick(), [&](const PictureStep& step) {
        steps.push_back(step.step());
        return true;
      });
  EXPECT_EQ(steps, (std::vector{0, 1, 2, 3, 0, 1, 2, 3}));
  EXPECT_EQ(redrawn, model().start_redraw(scene(), wish, rounds, quick()).get());
  const Wish blue{"the background turns blue", 1};
  EXPECT_EQ(model().change(scene(), blue, quick()),
            model().start_change(scene(), blue, quick()).get());
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

TEST(Model, AViewAfterTurnsAnswersAsAChatDoes) {
  Chat chat = model().chat({scene()});
  const auto first = chat.ask("what is in the picture?");
  const auto second = chat.ask("what colour is the background?");
  const View seen = model().view({scene()}), after = model().after(seen, chat.turns());
  EXPECT_GT(after.tokens(), seen.tokens() + first.tokens);
  const View once = model().after(seen, {{"what is in the picture?", first.text}});
  const auto again = model().ask(once, {"what colour is the background?"})[0];
  EXPECT_EQ(again.text, second.text);
  EXPECT_GT(again.prompt_tokens, once.tokens());
  EXPECT_GT(again.tokens, 0);
  const Turns many(200, {"what is it?", "an apple"});
  EXPECT_THROW(model().after(seen, many), UsageError);
}

TEST(Model, TextAloneGoesOn) {
  const TextOptions options{.max_tokens = 6, .temperature = 1, .top_k = 0};
  const std::vector<uint64_t> seeds = {3, 4};
  std::vector<std::string> streamed(2);
  const auto texts = model().complete("a glossy", options, seeds, [&](size_t i, const auto& more) {
    streamed[i] += more;
    return true;
  });
  EXPECT_EQ(texts[0].text, streamed[0]);
  EXPECT_EQ(model().start_complete("a glossy", options, {4}).get()[0].text, texts[1].text);
  EXPECT_LE(texts[0].tokens, 6);
  const auto told = model().ask(model().view_nothing(), {"what is an apple?"}, {.max_tokens = 4});
  EXPECT_LE(told[0].tokens, 4);
  EXPECT_LT(told[0].prompt_tokens, 64);  // no picture
  EXPECT_THROW(model().complete(std::string(100'000, 'a'), options), UsageError);
}

TEST(Model, TellsWhenItIsFinished) {
  std::atomic<int> told = 0;
  auto drawn = model().start_generate(kWishes, quick());
  drawn.when_finished([&] { ++told; });
  drawn.wait();
  drawn.when_finished([&] { ++told; });
  for (int i = 0; i < 1000 && told < 2; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(told, 2);
  EXPECT_EQ(drawn.ahead(), 0);
  EngineLimits limits;
  limits.running = 1;
  const Model narrow(SHOWO_SOURCE_DIR "/models/embedded", {.limits = limits});
  std::atomic<bool> goes_on = false;
  const auto hold = [&](const PictureStep&) {
    while (!goes_on) std::this_thread::yield();
    return true;
  };
  auto first = narrow.start_generate({kWishes[0]}, quick(), hold);
  while (narrow.load().running == 0) std::this_thread::yield();
  auto second = narrow.start_generate({kWishes[0]}, quick()),
       third = narrow.for_client("another").start_generate({kWishes[1]}, quick());
  EXPECT_EQ(third.ahead(), 1);
  EXPECT_EQ(narrow.load().waiting, 2);
  third.when_finished([&] { ++told; });
  third.cancel();
  EXPECT_EQ(told, 3);
  EXPECT_EQ(second.ahead(), 0);
  goes_on = true;
  EXPECT_EQ(first.get(), second.get());
  const auto sizes =
      narrow.start_generate(kWishes, quick()).then([](auto pictures) { return pictures.size(); });
  EXPECT_TRUE(sizes.valid());
}

TEST(Model, DrawsAwayFromANegativePrompt) {
  SamplingOptions guided = quick();
  guided.guidance = 3;
  const auto plain = model().generate({kWishes[0]}, guided);
  guided.negative_prompt = "a green frog";
  const auto away = model().generate({kWishes[0]}, guided);
  EXPECT_NE(plain, away);
  EXPECT_EQ(away, model().start_generate({kWishes[0]}, guided).get());
  EXPECT_THROW(model().change(scene(), {"it leaves", 1}, guided), OptionError);
  guided.guidance = 0;
  EXPECT_EQ(thrown<OptionError>([&] { model().generate({kWishes[0]}, guided); }),
            "negative_prompt: guidance is off, which alone heeds it");
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
