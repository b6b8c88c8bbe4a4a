// A run's folder: one run at a time, logs without steps of a run that was killed, states that are
// refused by name; and what happens between steps.
#include "showo/train/run.h"

#include <gtest/gtest.h>

#include "showo/train/recipe.h"

namespace showo {
namespace {

class RunTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("showo-run-" + std::to_string(::getpid()));
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  RunFolder open(bool writes = true) const { return {folder_, ShowoRecipe(), writes}; }
  fs::path metrics() const { return folder_ / "metrics.jsonl"; }
  uint64_t event_bytes() const {
    uint64_t bytes = 0;
    for (const auto& item : fs::directory_iterator(folder_))
      if (item.path().filename().string().starts_with("events.")) bytes += item.file_size();
    return bytes;
  }
  fs::path folder_;
};

TEST_F(RunTest, ASecondRunInAFolderIsRefused) {
  {
    const RunFolder first = open();
    EXPECT_NO_THROW(open(/*writes=*/false)) << "another process of the same job";
    EXPECT_THROW(open(), Error);
  }
  EXPECT_NO_THROW(open());
}

TEST_F(RunTest, LogsHoldNoStepTwice) {
  {
    RunFolder run = open();
    run.open_logs(0);
    run.log({{"step", 1}, {"loss", 2}});
    run.log({{"step", 2}, {"eval_loss", 2}});
  }
  const std::string kept = read_file(metrics());
  const uint64_t bytes = event_bytes();
  {
    RunFolder run = open();
    run.open_logs(2);
    run.log({{"step", 3}, {"loss", 1}});
  }
  const uint64_t head = event_bytes() - bytes;  // of a second file: its version and one scalar
  for (const std::string& tail :
       {std::string(), std::string("{\"step\":4,\"lo"), std::string(3, '\0')}) {
    write_file_atomically(metrics(), read_file(metrics()) + tail);
    RunFolder run = open();
    run.open_logs(2);
    EXPECT_EQ(read_file(metrics()), kept) << tail;
    run.log({{"step", 3}, {"loss", 0.5}});
    EXPECT_EQ(read_file(metrics()), kept + "{\"loss\":0.5,\"step\":3}\n");
  }
  EXPECT_LT(event_bytes(), bytes + 4 * head) << "nothing was cut off the event files";
  open().open_logs(0);
  EXPECT_EQ(read_file(metrics()), "") << "a run that begins anew";
}

TEST_F(RunTest, AStateThatIsWrongIsNamed) {
  const fs::path state = folder_ / "checkpoints/step-0000001/state.json";
  make_folder(state.parent_path());
  fs::create_directory_symlink("checkpoints/step-0000001", folder_ / "checkpoint");
  for (const std::string text :
       {R"({"step": -1, "streams": []})", R"({"step": "x", "streams": []})", R"({"streams": []})",
        R"({"step": 1})", R"({"step": 1, "streams": [{"epoch": -1}]})", R"({"step": 1, "str)", "[]",
        R"({"step": 1, "streams": [], "best": "x"})", R"({"step": 1e30, "streams": []})"}) {
    write_file_atomically(state, text);
    try {
      open().state();
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("state.json"), std::string::npos) << error.what();
    }
  }
  write_file_atomically(state, R"({"step": 7, "streams": [{"epoch": 1}], "best": 0.5})");
  EXPECT_EQ(open().state().step, 7);
  EXPECT_EQ(open().state().best, 0.5);
}

TEST_F(RunTest, ASkippedStepReplacesNoCheckpoint) {
  RunFolder run = open();
  run.open_logs(0);
  double best = std::numeric_limits<double>::infinity(), loss = 9;
  int64_t step = 0;
  std::vector<int64_t> saved;
  RunLoop loop({.steps = 9,
                .evaluate_every = 1,
                .preview_every = 0,
                .checkpoint_every = 2,
                .evaluate =
                    [&] {
                      return Json{{"step", step}, {"eval_loss", loss}};
                    },
                .preview = [] { FAIL(); },
                .save = [&] { saved.push_back(step); }},
               run, Group(), best);
  EXPECT_TRUE(loop.after(step = 1, false, false));
  EXPECT_TRUE(loop.after(step = 2, true, false));
  loss = 8;
  EXPECT_TRUE(loop.after(step = 3, true, false));
  EXPECT_EQ(best, 9) << "the weights of a skipped step are no news";
  EXPECT_EQ(saved, (std::vector<int64_t>{1}));
  loss = 10;
  EXPECT_TRUE(loop.after(step = 5, false, false));
  EXPECT_TRUE(loop.after(step = 7, false, false));
  EXPECT_EQ(saved, (std::vector<int64_t>{1, 5})) << "what was due is saved with the next good step";
  loop.after(step = 9, true, false);
  EXPECT_EQ(saved.back(), 9) << "the last step is saved";
}

}  // namespace
}  // namespace showo
