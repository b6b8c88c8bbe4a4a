#include "showo/core/child.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "showo/core/error.h"

namespace showo {
namespace {

class ChildProcess : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("showo-child-" + std::to_string(::getpid()));
    make_folder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  ChildCommand shell(const std::string& script) const {
    return {"/bin/sh", {"-c", script}, {{"SHOWO_TEST", "a b"}}, folder_ / "out", folder_ / "log"};
  }
  static int wait(Child& child) {
    for (int i = 0; i < 3000; ++i) {
      if (const auto status = child.ended()) return *status;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return -1;
  }
  fs::path folder_;
};

TEST_F(ChildProcess, HasItsArgumentsEnvironmentAndFiles) {
  Child child(shell("echo \"$SHOWO_TEST\"; echo problem >&2; exit 3"));
  EXPECT_EQ(wait(child), 3);
  EXPECT_EQ(read_file(folder_ / "out"), "a b\n");
  EXPECT_EQ(read_file(folder_ / "log"), "problem\n");
  Child again(shell("echo more >&2"));
  EXPECT_EQ(wait(again), 0);
  EXPECT_EQ(read_file(folder_ / "out"), "");
  EXPECT_EQ(read_file(folder_ / "log"), "problem\nmore\n") << "the log goes on";
}

TEST_F(ChildProcess, IsAskedToEnd) {
  Child child(shell("exec sleep 100"));
  EXPECT_FALSE(child.ended());
  child.stop();
  EXPECT_EQ(wait(child), 128 + SIGTERM);
  child.stop();  // of one that ended nothing happens
}

TEST_F(ChildProcess, EndsWithWhatHoldsIt) {
  {
    Child child(shell("echo $$ >&2; exec sleep 100"));
    while (read_file(folder_ / "log").empty())
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_NE(::kill(std::stoi(read_file(folder_ / "log")), 0), 0);
}

TEST_F(ChildProcess, SaysWhatCannotBeStarted) {
  EXPECT_THROW(Child({folder_ / "none", {}, {}, folder_ / "out", folder_ / "log"}), Error);
  EXPECT_THROW(Child({"/bin/sh", {}, {}, folder_ / "none/out", folder_ / "log"}), Error);
  EXPECT_TRUE(fs::exists(own_program()));
}

}  // namespace
}  // namespace showo
