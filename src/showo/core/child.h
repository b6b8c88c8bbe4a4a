// Other processes that work for this one, and end with it.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "showo/core/files.h"

namespace showo {

/// The file of the program that runs.
fs::path own_program();

/// A program, what it is called with, variables that its environment has besides ours, and the
/// files of what it says: `out` anew, `log` (standard error) behind what is there.
struct ChildCommand {
  fs::path program;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;
  fs::path out, log;
};

/// A child process. It has a group of its own, so that a terminal's Ctrl-C is ours alone, and is
/// ended when this process is, however that ends (Linux). Start it from a thread that stays.
class Child {
 public:
  /// Throws Error naming a file that cannot be written, or the program that cannot be started.
  explicit Child(const ChildCommand& command);
  /// Ends it if it runs.
  ~Child();
  Child(Child&& other) noexcept;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Its exit status, or 128 and the number of the signal that ended it; nothing while it runs.
  std::optional<int> ended();
  /// Asks it to end (SIGTERM).
  void stop();

 private:
  pid_t pid_;
  std::optional<int> status_;
};

}  // namespace showo
