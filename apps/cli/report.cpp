#include "apps/cli/report.h"

#include <cstdio>

#include "apps/cli/machine.h"
#include "showo/core/log.h"

namespace showo::cli {

void Report::lap(const std::string& name) {
  const auto now = Clock::now();
  timings_[name] = std::chrono::duration<double>(now - last_).count();
  last_ = now;
}

void Report::print(Json results, const std::string& text) const {
  if (!json_) {
    std::fputs((printable(text, true) + "\n").c_str(), stdout);
    return;
  }
  results["timings"] = timings_;
  results["peak_memory"] = peak_memory();
  // Answers are bytes: what is not UTF-8 is replaced. All but ASCII as escapes, as a terminal would
  // obey some of it.
  std::fputs((results.dump(2, ' ', true, Json::error_handler_t::replace) + "\n").c_str(), stdout);
}

}  // namespace showo::cli
