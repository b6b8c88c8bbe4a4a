// What the program does when it is told to end (SIGINT, SIGTERM, SIGHUP): it removes what is half
// written, or finishes its step first where a StopRequest asks for that, and ends by the signal.
#pragma once

#include <functional>
#include <string>

#include "showo/core/files.h"

namespace showo {

/// Takes these signals in a thread of their own from now on, so that the work done on one is
/// ordinary code. A program's main calls it once, before any other thread is started; without it
/// signals keep their default actions. Signals that were ignored at the start (nohup, jobs in the
/// background) stay ignored; children of fork() have the default actions. Where the environment has
/// SHOWO_END_WITH_INPUT, the end of standard input is a SIGTERM as well, though never a second one:
/// a program that starts this one, holds the other end of that pipe and is killed takes it along.
void watch_signals();

/// While one lives, the first signal only sets it, and says on standard error what is done now; a
/// second one, half a second later or more, ends the process at once.
class StopRequest {
 public:
  explicit StopRequest(const std::string& doing = "finishing the step, then saving");
  ~StopRequest();
  StopRequest(const StopRequest&) = delete;
  StopRequest& operator=(const StopRequest&) = delete;
  bool stands() const;
};

/// A file or folder that is being written: removed when a signal ends the process.
class Unfinished {
 public:
  explicit Unfinished(fs::path path);
  ~Unfinished();
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  /// Runs an action that no signal may end half-way, such as two renames that belong together.
  void undisturbed(const std::function<void()>& action);

 private:
  fs::path path_;
};

}  // namespace showo
