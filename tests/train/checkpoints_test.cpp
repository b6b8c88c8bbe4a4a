// Which checkpoints of a run stay, which one is the newest, and what in its folder is never
// touched.
#include "showo/train/checkpoints.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <set>

#include "showo/core/error.h"

namespace showo {
namespace {

class CheckpointsTest : public testing::Test {
 protected:
  void SetUp() override {
    run_ = fs::temp_directory_path() / ("showo-checkpoints-" + std::to_string(::getpid()));
    fs::remove_all(run_);
    make_folder(run_);
  }
  void TearDown() override { fs::remove_all(run_); }

  void save(int64_t step, int64_t keep = 1) const {
    Checkpoints(run_).save(step, keep, [](const fs::path& temporary) {
      write_file_atomically(temporary / "state.json", "{}");
    });
  }
  void put(const std::string& name) const { make_folder(run_ / "checkpoints" / name); }
  std::set<std::string> names() const {
    std::set<std::string> names;
    for (const auto& item : fs::directory_iterator(run_ / "checkpoints"))
      names.insert(item.path().filename().string());
    return names;
  }
  fs::path newest() const {
    return Checkpoints(run_).newest().value_or("none").lexically_relative(run_);
  }
  fs::path run_;
};

TEST_F(CheckpointsTest, PrunesOnlyWhatItNamed) {
  const std::set<std::string> foreign = {"zz",     "milestone",      "step-0000500.good",
                                         "step-7", "step-0000001.a", "notes.txt",
                                         "step-",  "Step-0000001",   "x.tmp"};
  for (const auto& name : foreign) put(name);
  for (const char* name : {"step-0000001.77-abc.tmp", "step-0000001.77.tmp.old"}) put(name);
  for (int64_t step : {1, 2, 3}) save(step);
  auto wanted = foreign;
  wanted.insert("step-0000003");
  EXPECT_EQ(names(), wanted);
  EXPECT_EQ(newest(), "checkpoints/step-0000003");
}

TEST_F(CheckpointsTest, CountsByNumber) {
  for (int64_t step : {9999998, 9999999, 10000000}) save(step, 2);
  EXPECT_EQ(names(), (std::set<std::string>{"step-9999999", "step-10000000"}));
}

TEST_F(CheckpointsTest, KeepsTheBest) {
  save(1);
  Checkpoints(run_).mark_best();
  for (int64_t step : {2, 3}) save(step);
  EXPECT_EQ(names(), (std::set<std::string>{"step-0000001", "step-0000003"}));
  EXPECT_EQ(Checkpoints(run_).best()->filename(), "step-0000001");
}

// Whoever points `checkpoint` at an older one goes on from there; what is written then stays.
TEST_F(CheckpointsTest, KeepsWhatWasJustWrittenWhenARunWentBack) {
  for (int64_t step : {2, 5}) save(step, 9);
  fs::remove(run_ / "checkpoint");
  fs::create_directory_symlink("checkpoints/step-0000002", run_ / "checkpoint");
  EXPECT_EQ(newest(), "checkpoints/step-0000002");
  save(3);
  EXPECT_EQ(names(), (std::set<std::string>{"step-0000003", "step-0000005"}));
  EXPECT_EQ(newest(), "checkpoints/step-0000003");
}

TEST_F(CheckpointsTest, FallsBackToTheNewestWholeOneAndNeverToNothing) {
  EXPECT_EQ(newest(), fs::path("none").lexically_relative(run_));
  for (int64_t step : {1, 2, 3}) save(step, 9);
  fs::remove_all(run_ / "checkpoints/step-0000003");
  put("step-0000004");  // not whole
  put("zz");
  EXPECT_EQ(newest(), "checkpoints/step-0000002") << "a dangling link";
  fs::remove(run_ / "checkpoint");
  EXPECT_EQ(newest(), "checkpoints/step-0000002") << "a missing link";
  save(5, 9);
  fs::remove(run_ / "checkpoints/step-0000005/state.json");
  EXPECT_EQ(newest(), "checkpoints/step-0000002") << "a damaged checkpoint";
  fs::remove_all(run_ / "checkpoints");
  EXPECT_THROW(newest(), Error) << "begins anew and says nothing";
}

TEST_F(CheckpointsTest, AFileMayNameTheNewestAndTheBest) {
  for (int64_t step : {1, 2}) save(step, 9);
  for (const char* pointer : {"checkpoint", "best"}) {
    fs::remove(run_ / pointer);
    write_file_atomically(run_ / pointer, "checkpoints/step-0000001\n");
  }
  EXPECT_EQ(newest(), "checkpoints/step-0000001");
  save(3);
  EXPECT_EQ(newest(), "checkpoints/step-0000003");
  EXPECT_EQ(names(), (std::set<std::string>{"step-0000001", "step-0000003"}));
  for (const char* text : {"", "/etc", "checkpoints/zz", "checkpoints/../x", "step-0000001"}) {
    fs::remove(run_ / "checkpoint");
    write_file_atomically(run_ / "checkpoint", text);
    EXPECT_THROW(Checkpoints{run_}, Error) << text;
  }
}

}  // namespace
}  // namespace showo
