// What the commands that use a model share: flags for the model and its parts, results as JSON with
// timings, PNG metadata.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <memory>

#include "apps/cli/report.h"
#include "showo/api/open.h"
#include "showo/core/config.h"
#include "showo/core/log.h"
#include "showo/generate/pipeline.h"
#include "showo/image/png.h"

namespace showo::cli {

/// The folder of the model that comes with the program.
std::string embedded_model();

struct ModelFlags {
  std::string model = embedded_model(), llm, codec, clip, dtype = "fp32", device = "cpu";
  uint64_t seed = 0;
  int bits = 0;
  bool json = false, alone = false;
  torch::ScalarType scalar_type() const;
  /// fp32, and says so, in place of bf16 on CPUs without bf16 products.
  torch::ScalarType compute_type() const;
  /// The model's folder and where its parts are.
  ModelPaths paths() const { return ModelPaths::in(model, llm, codec, clip); }
  /// --bits as a format; none: weights as they are.
  std::optional<LowBits> low_bits() const;
  /// Of the engine, as --alone says.
  EngineLimits limits() const;
  ModelOptions options() const;
  void add_to(CLI::App& command);
};

/// Throws what can be known of a picture's file before it is made.
void check_picture_out(const std::string& out);

/// A model opened for one command, and what the command reports.
class Session {
 public:
  explicit Session(const ModelFlags& flags);
  Pipeline& pipeline() { return *pipeline_; }
  /// Names the time since the last lap.
  void lap(const std::string& name) { report_.lap(name); }
  /// What to draw, for the metadata and results; warns when the model reads only a part of it.
  void set_prompt(const std::string& prompt);
  /// Of so many pictures: shows progress and keeps the time of each step.
  OnPictureStep on_step(int steps, size_t pictures = 1);
  /// Keeps the time of each token.
  OnAnswerToken on_token();
  /// Seconds of each step of a picture, since its step before; the first from the beginning of all.
  const std::vector<double>& step_times(size_t picture = 0) { return step_times_[picture]; }
  /// Seconds of each token of a question's answer; the first from the beginning of all.
  const std::vector<double>& token_times(size_t question) { return token_times_[question]; }
  /// Prompt, seed, steps, guidance and model for a PNG's metadata.
  PngText metadata(uint64_t seed, const SamplingOptions& options) const;
  /// As Report::print.
  void report(Json results, const std::string& text);

 private:
  const ModelFlags& flags_;
  Report report_;
  std::string prompt_, prompt_used_;
  std::map<size_t, std::vector<double>> step_times_;
  std::map<size_t, std::vector<double>> token_times_;
  std::unique_ptr<Progress> progress_;
  std::shared_ptr<Pipeline> pipeline_;
};

}  // namespace showo::cli
