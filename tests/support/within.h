// What is done with little memory.
#pragma once

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/support/sanitized.h"

namespace showo {

// Runs `body` in a child that may map `spare` bytes more than it has; what it returns is true.
template <class Body>
bool holds_within(uint64_t spare, Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    uint64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlim_t limit = pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)) + spare;
    const rlimit both{limit, limit};
    bool held = false;
    try {
      held = ::setrlimit(RLIMIT_AS, &both) == 0 && body();
    } catch (...) {
    }
    ::_exit(held ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace showo
