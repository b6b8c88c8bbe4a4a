// What a run says: one spdlog logger on standard error, a progress bar for terminals, and metrics
// as JSON lines.
#pragma once

#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdio>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "showo/core/files.h"

namespace showo {

/// Sets the format once: "showo: message" on standard error. `verbose` shows debug messages too.
void start_logging(bool verbose = false);

/// A bar on standard error for anything longer than a second; silent when that is no terminal.
class Progress {
 public:
  Progress(std::string title, int64_t total);
  ~Progress();
  /// `note` follows the bar: a loss, tokens a second.
  void update(int64_t done, const std::string& note = "");

 private:
  std::string title_;
  int64_t total_;
  bool visible_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point start_, last_;
};

/// Appends one JSON object a line; each line is flushed whole, so a killed run leaves a readable
/// file.
class MetricsFile {
 public:
  /// Cuts off, of what the file holds, the lines of steps after `last_step` and a last line that a
  /// crash of the machine left unfinished: what is written next would be glued to it.
  explicit MetricsFile(const fs::path& path,
                       int64_t last_step = std::numeric_limits<int64_t>::max());
  void write(const nlohmann::json& line);

 private:
  fs::path path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

/// Leaves the first `size` bytes. Throws Error naming the path.
void cut_file(const fs::path& path, uint64_t size);

/// "1 h 02 min", "35 s".
std::string duration_text(double seconds);

}  // namespace showo
