// What the commands that use a model share: flags for the model and its parts, results as JSON with
// timings, PNG metadata.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <map>
#include <memory>

#include "apps/cli/report.h"
#include "showo/core/config.h"
#include "showo/core/log.h"
#include "showo/generate/pipeline.h"
#include "showo/image/png.h"

namespace showo::cli {

struct ModelFlags {
  std::string model = SHOWO_SOURCE_DIR "/models/embedded", llm, codec, clip, dtype = "fp32",
              device = "cpu";
  uint64_t seed = 0;
  int bits = 0;
  bool json = false;
  torch::ScalarType scalar_type() const;
  /// fp32, and says so, in place of bf16 on CPUs without bf16 products.
  torch::ScalarType compute_type() const;
  /// The model's folder and where its parts are.
  ModelPaths paths() const { return ModelPaths::in(model, llm, codec, clip); }
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
  void lap(const std::string& name) { report_.lap(name); }
  /// What to draw, for the metadata and results; warns when the model reads only a part of it.
  void set_prompt(const std::string& prompt);
  /// For the next picture: shows progress and keeps the time of each step.
  OnMaskStep on_step(int steps);
  /// Keeps the time of each token.
  OnAnswerToken on_token();
  /// Seconds of each step of the newest picture.
  const std::vector<double>& step_times() const { return step_times_.back(); }
  /// Seconds of each token of a question's answer; the first from the beginning of all.
  const std::vector<double>& token_times(size_t question) { return token_times_[question]; }
  /// Prompt, seed, steps, guidance and model for a PNG's metadata.
  PngText metadata(uint64_t seed, const SamplingOptions& options) const;
  /// As Report::print.
  void report(Json results, const std::string& text);

 private:
  using Clock = std::chrono::steady_clock;
  const ModelFlags& flags_;
  Report report_;
  std::string prompt_, prompt_used_;
  std::vector<std::vector<double>> step_times_{1};  // of each picture
  std::map<size_t, std::vector<double>> token_times_;
  std::unique_ptr<Progress> progress_;
  std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace showo::cli
