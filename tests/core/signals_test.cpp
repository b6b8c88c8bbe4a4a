// What a process does when it is told to end, seen from outside.
#include "showo/core/signals.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "showo/core/error.h"
#include "showo/core/folder.h"

namespace showo {
namespace {

// A child process that runs an action, which says when it is ready for the next signal.
class Child {
 public:
  using Ready = std::function<void()>;
  explicit Child(const std::function<void(const Ready&)>& action) {
    int ends[2];
    if (::pipe(ends) != 0) fail("no pipe");
    child_ = ::fork();
    if (child_ == 0) {
      ::alarm(60);  // one that no signal ends must not stay
      action([to = ends[1]] {
        if (::write(to, "r", 1) != 1) ::_exit(99);
      });
      ::_exit(0);
    }
    ::close(ends[1]);
    from_ = ends[0];
  }
  ~Child() { ::close(from_); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void tell(int signal) const {
    char byte = 0;
    ASSERT_EQ(::read(from_, &byte, 1), 1);
    ::kill(child_, signal);
  }
  /// The signal that ended it, or −1 − its exit status.
  int end() const {
    int status = 0;
    ::waitpid(child_, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : -1 - WEXITSTATUS(status);
  }

 private:
  pid_t child_;
  int from_;
};

[[noreturn]] void wait_for_ever() {
  for (;;) ::pause();
}

void wait_for(const StopRequest& request) {
  while (!request.stands()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

class Signals : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("showo-signals-{}", ::getpid());
    fs::remove_all(folder_);
    make_folder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  int count() const { return static_cast<int>(std::distance(fs::directory_iterator(folder_), {})); }
  fs::path folder_;
};

TEST_F(Signals, EndTheProcessThemselvesAndRemoveWhatIsUnfinished) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const Child child([&](const auto& ready) {
      watch_signals();
      const Unfinished file(folder_ / "file"), folder(folder_ / "folder");
      std::ofstream(folder_ / "file") << "half";
      make_folder(folder_ / "folder" / "inner");
      std::ofstream(folder_ / "folder" / "inner" / "file") << "half";
      {
        const Unfinished finished(folder_ / "finished");
        std::ofstream(folder_ / "finished") << "whole";
      }
      ready();
      wait_for_ever();
    });
    child.tell(signal);
    EXPECT_EQ(child.end(), signal);
    EXPECT_TRUE(fs::exists(folder_ / "finished"));
    EXPECT_EQ(count(), 1);
  }
}

TEST_F(Signals, LeaveNoHalfWrittenFileOrFolder) {
  const auto write = [&](const auto& ready, const fs::path& file) {
    write_file_atomically(file, [&](const auto& sink) {
      sink("half");
      ready();
      wait_for_ever();
    });
  };
  const Child file([&](const auto& ready) {
    watch_signals();
    write(ready, folder_ / "file");
  });
  file.tell(SIGINT);
  EXPECT_EQ(file.end(), SIGINT);
  const Child folder([&](const auto& ready) {
    watch_signals();
    write_folder_atomically(folder_ / "folder",
                            [&](const fs::path& temporary) { write(ready, temporary / "file"); });
  });
  folder.tell(SIGTERM);
  EXPECT_EQ(folder.end(), SIGTERM);
  EXPECT_EQ(count(), 0);
}

TEST_F(Signals, RemoveAFolderThatAnotherThreadIsAddingTo) {
  const Child child([&](const auto& ready) {
    watch_signals();
    const Unfinished folder(folder_ / "folder");
    make_folder(folder_ / "folder");
    std::thread([&] {
      for (int i = 0;; ++i) std::ofstream(folder_ / "folder" / std::to_string(i)) << i;
    }).detach();
    while (!fs::exists(folder_ / "folder" / "100")) std::this_thread::yield();
    ready();
    wait_for_ever();
  });
  child.tell(SIGINT);
  EXPECT_EQ(child.end(), SIGINT);
  EXPECT_EQ(count(), 0);
}

TEST_F(Signals, LetAStepBeFinishedOnce) {
  const Child child([&](const auto& ready) {
    const int to = ::open((folder_ / "said").c_str(), O_WRONLY | O_CREAT, 0600);
    ::dup2(to, STDERR_FILENO);
    watch_signals();
    const StopRequest request;
    ready();
    wait_for(request);
    ::_exit(7);
  });
  child.tell(SIGTERM);
  EXPECT_EQ(child.end(), -1 - 7);
  const std::string said = read_file(folder_ / "said");
  EXPECT_TRUE(said.starts_with("showo: ") && said.find('\n') == said.size() - 1) << said;
}

TEST_F(Signals, EndAStepTheSecondTime) {
  const Child child([&](const auto& ready) {
    watch_signals();
    const StopRequest request;
    const Unfinished file(folder_ / "file");
    std::ofstream(folder_ / "file") << "half";
    ready();
    wait_for(request);
    ready();
    wait_for_ever();
  });
  child.tell(SIGINT);
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  child.tell(SIGINT);
  EXPECT_EQ(child.end(), SIGINT);
  EXPECT_EQ(count(), 0);
}

// As when torchrun passes on a Ctrl-C that the terminal has sent to all of its processes.
TEST_F(Signals, ThatComeTogetherAreOneRequest) {
  const Child child([&](const auto& ready) {
    watch_signals();
    const StopRequest request;
    ready();
    wait_for(request);
    ready();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    ::_exit(7);
  });
  child.tell(SIGINT);
  child.tell(SIGTERM);
  EXPECT_EQ(child.end(), -1 - 7);
}

TEST_F(Signals, EndTheProcessWhenNothingAsksForMoreTime) {
  const Child child([&](const auto& ready) {
    watch_signals();
    { const StopRequest request; }
    ready();
    wait_for_ever();
  });
  child.tell(SIGTERM);
  EXPECT_EQ(child.end(), SIGTERM);
}

TEST_F(Signals, ThatWereIgnoredStayIgnored) {
  const Child child([&](const auto& ready) {
    std::signal(SIGHUP, SIG_IGN);
    watch_signals();
    ready();
    ready();
    wait_for_ever();
  });
  child.tell(SIGHUP);
  child.tell(SIGTERM);
  EXPECT_EQ(child.end(), SIGTERM);
}

TEST_F(Signals, WaitForWhatBelongsTogether) {
  const Child child([&](const auto& ready) {
    watch_signals();
    Unfinished file(folder_ / "file");
    file.undisturbed([&] {
      ready();
      // Long enough for the signal to be taken.
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      std::ofstream(folder_ / "together") << "whole";
    });
    wait_for_ever();
  });
  child.tell(SIGINT);
  EXPECT_EQ(child.end(), SIGINT);
  EXPECT_TRUE(fs::exists(folder_ / "together"));
}

TEST_F(Signals, HaveTheirDefaultActionsInChildrenAndWhereNobodyWatches) {
  const Child forks([](const auto&) {
    watch_signals();
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(60);
      wait_for_ever();
    }
    ::kill(child, SIGTERM);
    int status = 0;
    ::waitpid(child, &status, 0);
    ::_exit(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM ? 7 : 1);
  });
  EXPECT_EQ(forks.end(), -1 - 7);
  const Child library([](const auto& ready) {
    const StopRequest request;
    ready();
    wait_for_ever();
  });
  library.tell(SIGINT);
  EXPECT_EQ(library.end(), SIGINT);
}

}  // namespace
}  // namespace showo
