// What the commands that use a model share: flags for the model and its parts, results as JSON with
// timings, PNG metadata.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>

#include "showo/core/config.h"
#include "showo/core/log.h"
#include "showo/generate/pipeline.h"

namespace showo::cli {

struct ModelFlags {
  std::string model = SHOWO_SOURCE_DIR "/models/embedded", llm, codec, dtype = "fp32",
              device = "cpu";
  uint64_t seed = 0;
  int bits = 0;
  bool json = false;
  torch::ScalarType scalar_type() const;
  /// fp32, and says so, in place of bf16 on CPUs without bf16 products.
  torch::ScalarType compute_type() const;
  /// --bits as a format; none: weights as they are.
  std::optional<LowBits> low_bits() const;
  void add_to(CLI::App& command);
};

/// A model opened for one command, and what the command reports.
class Session {
 public:
  explicit Session(const ModelFlags& flags);
  Pipeline& pipeline() { return *pipeline_; }
  /// Names the time since the last lap.
  void lap(const std::string& name);
  /// Shows progress and, with --json, the time of each step or token.
  OnMaskStep on_step(int steps);
  std::function<void(int64_t)> on_token();
  /// Prompt, seed, steps, guidance and model for a PNG's metadata.
  PngText metadata(const std::string& prompt, uint64_t seed, const SamplingOptions& options) const;
  /// With --json: one object with the results, timings in seconds and peak memory in bytes; else
  /// the lines of `text`, in which names are to be printable() already, or they would make lines.
  void report(Json results, const std::string& text);

 private:
  using Clock = std::chrono::steady_clock;
  const ModelFlags& flags_;
  Clock::time_point last_ = Clock::now();
  Json timings_ = Json::object();
  std::unique_ptr<Progress> progress_;
  std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace showo::cli
