// What every training run shares: bf16 autocast, its folder with metrics and checkpoints, and
// resumption.
#pragma once

#include <torch/torch.h>

#include "showo/checkpoint/load.h"
#include "showo/core/config.h"
#include "showo/core/log.h"
#include "showo/train/events.h"

namespace showo {

/// Says so when a recipe wants what the device cannot.
void explain_precision(bool wants_bf16, torch::DeviceType device);

/// bf16 autocast for products and convolutions while it lives, on devices that multiply bf16;
/// weights stay fp32. What it made of a weight serves until the outermost one ends: a weight must
/// not change before.
class Autocast {
 public:
  explicit Autocast(bool enabled, torch::DeviceType device = torch::kCPU);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  torch::DeviceType device_;
  bool before_;
};

/// Lets a step pass whose gradient is finite. Any other changes nothing and counts; the tenth in a
/// row throws Error.
class StepGuard {
 public:
  /// `what` names the gradient in messages: "the gradient".
  explicit StepGuard(std::string what = "the gradient") : what_(std::move(what)) {}
  bool passes(double norm, int64_t step);
  /// How many steps in a row did not pass.
  int64_t skipped() const { return skipped_; }

 private:
  std::string what_;
  int64_t skipped_ = 0;
};

/// runs/NAME: recipe.json, metrics.jsonl and TensorBoard events, previews/, checkpoints/step-…, of
/// which `checkpoint` is the newest and `best` the best. Whatever moment a run is killed at,
/// `checkpoint` is a whole one.
class RunFolder {
 public:
  /// Throws Error when the folder holds a run of another recipe. Steps may differ, so that a run
  /// can be prolonged; a key that the saved recipe lacks, being older, has its default. Of several
  /// processes only the first `writes`.
  template <class Recipe>
  RunFolder(const fs::path& folder, const Recipe& recipe, bool writes = true)
      : RunFolder(folder, config_to_json(recipe), config_to_json(Recipe()), writes) {}
  bool has_checkpoint() const;
  fs::path checkpoint() const { return folder_ / "checkpoint"; }
  fs::path previews() const { return folder_ / "previews"; }
  void log(const Json& line);

  /// Makes checkpoints/step-NNNNNNN from what `fill` writes and `checkpoint` its name; then removes
  /// older ones but the last `keep` and the best.
  void save(int64_t step, int64_t keep, const std::function<void(const fs::path&)>& fill);
  /// `best` becomes the newest checkpoint.
  void mark_best();

 private:
  RunFolder(const fs::path& folder, const Json& recipe, const Json& defaults, bool writes);
  void link(const std::string& name, const fs::path& target) const;
  void prune(int64_t keep) const;
  fs::path folder_;
  std::unique_ptr<MetricsFile> metrics_;
  std::unique_ptr<EventFile> events_;
};

/// 8-bit picture rows of a preview: [B, 3, H, W] in [−1, 1] stacked below each other, one PNG.
void write_preview(const fs::path& path, const std::vector<torch::Tensor>& rows_B3HW);

/// The state of LibTorch's CPU generator as a tensor, and back.
torch::Tensor random_state(const at::Generator& generator);
void set_random_state(at::Generator& generator, const torch::Tensor& state);

}  // namespace showo
