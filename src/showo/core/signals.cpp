#include "showo/core/signals.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "showo/core/folder.h"

namespace showo {
namespace {

struct State {
  // Held for ever by the thread that ends the process: whoever then wants to put something in its
  // place, or to report that its file has gone, waits for that end.
  std::mutex mutex;
  std::vector<fs::path> unfinished;
  int stop_requests = 0;
  std::string doing;  // when asked to stop
  std::atomic<bool> stop = false;
  std::chrono::steady_clock::time_point stopped{};
};

// Launchers such as torchrun pass on a Ctrl-C that their processes have had already.
constexpr auto kSameRequest = std::chrono::milliseconds(500);

// Never destroyed: a signal may come while static objects are.
State& state() {
  static State& only = *new State;
  return only;
}

// What of these is not ignored.
sigset_t watched_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN)
      sigaddset(&signals, signal);
  }
  return signals;
}

void say(std::string_view text) {
  if (::write(STDERR_FILENO, text.data(), text.size()) < 0) return;  // there is nobody to tell
}

void clear_progress() {
  if (::isatty(STDERR_FILENO)) say("\r\033[K");
}

// Other threads still run, and one may be adding to a folder, as fast as it is removed: under
// another name it is not found any more.
void remove_whole(const fs::path& path) {
  constexpr int kTries = 100;  // what was being created when the name changed may still appear
  std::error_code error;
  const fs::path moved = path.string() + ".removed";
  fs::rename(path, moved, error);
  const fs::path& left = error ? path : moved;
  for (int i = 0; i < kTries && fs::exists(fs::symlink_status(left, error)); ++i) remove_tree(left);
}

[[noreturn]] void end_by(int signal) {
  for (auto path = state().unfinished.rbegin(); path != state().unfinished.rend(); ++path)
    remove_whole(*path);
  clear_progress();
  // The shell is to see which signal it was.
  std::signal(signal, SIG_DFL);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  ::raise(signal);
  ::_exit(128 + signal);  // the first process of a container has no default actions
}

// `again`: whether it ends the process when it is not the first.
void take(int signal, bool again = true) {
  const std::lock_guard lock(state().mutex);
  const auto now = std::chrono::steady_clock::now();
  if (state().stop && (!again || now - state().stopped < kSameRequest)) return;
  if (state().stop_requests == 0 || state().stop) end_by(signal);
  state().stop = true;
  state().stopped = now;
  clear_progress();
  say("showo: " + state().doing + "; once more to end at once\n");
}

// Whether whoever started this program holds the other end of its standard input as long as it is
// wanted. Its own children have another input.
bool takes_end_of_input() {
  constexpr auto kName = "SHOWO_END_WITH_INPUT";
  const char* value = std::getenv(kName);
  const bool takes = value && *value;
  ::unsetenv(kName);
  return takes;
}

void wait_for_end_of_input() {
  char text[256];
  ssize_t count = 0;
  do {
    count = ::read(STDIN_FILENO, text, sizeof text);
  } while (count > 0 || (count < 0 && errno == EINTR));
  // What is being saved already is not cut short.
  take(SIGTERM, false);
}

void unblock() {
  const sigset_t signals = watched_signals();
  ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace

void watch_signals() {
  const bool input_too = takes_end_of_input();
  const sigset_t signals = watched_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  try {
    std::thread([signals] {
      int signal = 0;
      while (::sigwait(&signals, &signal) == 0) take(signal);
    }).detach();
    if (input_too) std::thread(wait_for_end_of_input).detach();
  } catch (const std::system_error&) {  // no thread is to be had
    return unblock();
  }
  // A child of fork() has no such thread.
  ::pthread_atfork(nullptr, nullptr, unblock);
}

StopRequest::StopRequest(const std::string& doing) {
  const std::lock_guard lock(state().mutex);
  state().doing = doing;
  ++state().stop_requests;
}

StopRequest::~StopRequest() {
  const std::lock_guard lock(state().mutex);
  if (--state().stop_requests == 0) state().stop = false;
}

bool StopRequest::stands() const { return state().stop; }

Unfinished::Unfinished(fs::path path) : path_(std::move(path)) {
  const std::lock_guard lock(state().mutex);
  state().unfinished.push_back(path_);
}

Unfinished::~Unfinished() {
  const std::lock_guard lock(state().mutex);
  std::erase(state().unfinished, path_);
}

void Unfinished::undisturbed(const std::function<void()>& action) {
  const std::lock_guard lock(state().mutex);
  action();
}

}  // namespace showo
