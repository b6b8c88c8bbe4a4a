// A benchmark's questions: answered as by themselves, once each, whatever the run was killed at.
#include "showo/eval/asking.h"

#include <gtest/gtest.h>

#include "showo/image/decode.h"
#include "tests/data/support.h"

namespace showo {
namespace {

const fs::path kModel = SHOWO_SOURCE_DIR "/models/embedded";
const fs::path kScene = kModel / "samples" / "scene.png";

class Asking : public Scratch {
 protected:
  Asking() : pipeline_(ModelPaths::in(kModel)) {
    for (const char* text : {"what is in the picture?", "how many things are there?",
                             "what colour is the background?", "is there a rabbit?"})
      questions_.push_back({fmt::format("q/{}", questions_.size()), {kScene}, text, 12});
    questions_.push_back({"two", {kScene, kScene}, "how many things are there?", 12});
  }
  AskedRun run() const { return {"small", "official", kModel.string(), "fp32", 5}; }
  std::vector<std::string> ask() {
    return ask_benchmark(pipeline_, questions_, run(), folder_ / "out", group_);
  }
  int64_t computed() { return pipeline_.engine().load().computed_tokens; }
  Pipeline pipeline_;
  std::vector<BenchmarkQuestion> questions_;
  Group group_;
};

TEST_F(Asking, GivesEveryQuestionItsAnswer) {
  const auto answers = ask();
  TextOptions options;
  options.max_tokens = 12;
  ASSERT_EQ(answers.size(), 5u);
  for (size_t i = 0; i < 5; ++i) {
    const std::vector<Image> pictures(questions_[i].pictures.size(), read_image(kScene));
    EXPECT_EQ(
        answers[i],
        pipeline_.answer(pipeline_.see(pictures), {questions_[i].prompt}, options, 0)[0].text);
  }
}

TEST_F(Asking, GoesOnWhereItWasKilled) {
  const auto answers = ask();
  const int64_t before = computed();
  EXPECT_EQ(ask(), answers);
  EXPECT_EQ(computed(), before) << "everything was answered";
  const fs::path file = folder_ / "out" / "answers-0.jsonl";
  const std::string text = read_file(file);
  write_file_atomically(file, text.substr(0, text.size() - 15));  // within the last line
  EXPECT_EQ(ask(), answers);
  EXPECT_GT(computed(), before);
  // What another process answered counts as well.
  fs::rename(file, folder_ / "out" / "answers-7.jsonl");
  const int64_t then = computed();
  EXPECT_EQ(ask(), answers);
  EXPECT_EQ(computed(), then);
}

TEST_F(Asking, RefusesAnswersOfAnotherRun) {
  ask();
  auto other = run();
  other.protocol = "lmms-eval";
  const std::string said =
      complaint([&] { ask_benchmark(pipeline_, questions_, other, folder_ / "out", group_); });
  EXPECT_NE(said.find("run.json: the folder holds what another run made"), std::string::npos)
      << said;
}

}  // namespace
}  // namespace showo
