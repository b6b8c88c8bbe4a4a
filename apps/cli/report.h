// What a command that uses a model reports: results as JSON with timings, or as text.
#pragma once

#include <chrono>
#include <string>

#include "showo/core/config.h"

namespace showo::cli {

class Report {
 public:
  explicit Report(bool json) : json_(json) {}
  /// Names the time since the last lap.
  void lap(const std::string& name);
  /// Seconds by name.
  Json& timings() { return timings_; }
  /// As JSON: one object with the results, timings in seconds and peak memory in bytes; else the
  /// lines of `text`, in which names are to be printable() already, or they would make lines.
  void print(Json results, const std::string& text) const;

 private:
  using Clock = std::chrono::steady_clock;
  bool json_;
  Clock::time_point last_ = Clock::now();
  Json timings_ = Json::object();
};

}  // namespace showo::cli
