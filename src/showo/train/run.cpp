#include "showo/train/run.h"

#include <ATen/autocast_mode.h>

#include <algorithm>
#include <functional>

#include "showo/core/device.h"
#include "showo/image/image.h"

namespace showo {

void explain_precision(bool wants_bf16, torch::DeviceType device) {
  if (wants_bf16 && !multiplies_bf16(device))
    spdlog::info("this CPU has no bf16 products: training in fp32 instead");
}

Autocast::Autocast(bool enabled, torch::DeviceType device)
    : device_(device), before_(at::autocast::is_autocast_enabled(device)) {
  at::autocast::set_autocast_enabled(device_, enabled && multiplies_bf16(device));
  at::autocast::set_autocast_dtype(device_, at::kBFloat16);
  at::autocast::increment_nesting();
}

Autocast::~Autocast() {
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, before_);
}

bool StepGuard::passes(double norm, int64_t step) {
  constexpr int64_t kMostSkipped = 10;
  if (std::isfinite(norm)) {
    skipped_ = 0;
    return true;
  }
  if (++skipped_ < kMostSkipped) {
    spdlog::warn("step {}: {} is not finite; the step is skipped", step, what_);
    return false;
  }
  fail("step {}: {} was not finite {} times in a row; the last checkpoint stays", step, what_,
       skipped_);
}

RunFolder::RunFolder(const fs::path& folder, const Json& recipe, const Json& defaults, bool writes)
    : folder_(folder) {
  const fs::path saved = folder / "recipe.json";
  if (has_checkpoint() && fs::exists(saved)) {
    Json before = defaults, now = recipe;
    before.merge_patch(read_json(saved));
    before.erase("steps");
    now.erase("steps");
    if (before != now) {
      fail("{}: holds a run of another recipe (differs: {}); choose another folder or remove it",
           folder.string(), Json::diff(before, now)[0].value("path", "?"));
    }
  }
  if (fs::exists(checkpoint()) && !fs::is_symlink(checkpoint())) {
    fail("{}: is no link to one of {}; choose another folder or remove it", checkpoint().string(),
         (folder / "checkpoints").string());
  }
  if (!writes) return;
  make_folder(folder / "previews");
  write_file_atomically(saved, recipe.dump(2) + "\n");
  metrics_ = std::make_unique<MetricsFile>(folder / "metrics.jsonl");
  events_ = std::make_unique<EventFile>(folder);
}

bool RunFolder::has_checkpoint() const { return fs::exists(checkpoint() / "state.json"); }

void RunFolder::log(const Json& line) {
  if (!metrics_) return;
  metrics_->write(line);
  const int64_t step = line.value("step", int64_t{0});
  for (const auto& [name, value] : line.items()) {
    if (value.is_number() && name != "step") events_->scalar(name, step, value.get<double>());
  }
  events_->flush();
}

void RunFolder::save(int64_t step, int64_t keep, const std::function<void(const fs::path&)>& fill) {
  const std::string name = fmt::format("checkpoints/step-{:07}", step);
  write_folder_atomically(folder_ / name, fill);
  link("checkpoint", name);
  prune(keep);
}

void RunFolder::mark_best() { link("best", fs::read_symlink(checkpoint())); }

// A link made beside it takes the old one's place in one step.
void RunFolder::link(const std::string& name, const fs::path& target) const {
  const fs::path fresh = folder_ / ("." + name + ".new");
  std::error_code error;
  fs::remove(fresh, error);
  fs::create_directory_symlink(target, fresh, error);
  if (!error) fs::rename(fresh, folder_ / name, error);
  if (error) fail("{}: {}", (folder_ / name).string(), error.message());
}

void RunFolder::prune(int64_t keep) const {
  std::error_code error;
  const fs::path best = fs::read_symlink(folder_ / "best", error).filename();
  std::vector<fs::path> finished;
  for (const auto& item : fs::directory_iterator(folder_ / "checkpoints", error)) {
    // What a killed run left half-written ends in .tmp or .old.
    if (item.path().has_extension())
      fs::remove_all(item.path(), error);
    else if (item.path().filename() != best)
      finished.push_back(item.path());
  }
  std::ranges::sort(finished, std::greater<>());
  for (size_t i = std::max<int64_t>(keep, 1); i < finished.size(); ++i)
    fs::remove_all(finished[i], error);
}

void write_preview(const fs::path& path, const std::vector<torch::Tensor>& rows) {
  std::vector<torch::Tensor> lines;
  for (const auto& row : rows)
    lines.push_back(torch::cat(row.to(torch::kFloat).unbind(0), /*dim=*/2));
  auto sheet = torch::cat(lines, /*dim=*/1);
  sheet = torch::upsample_nearest2d(sheet.unsqueeze(0), {sheet.size(1) * 2, sheet.size(2) * 2})
              .squeeze(0);
  write_png(path, to_image(sheet));
}

torch::Tensor random_state(const at::Generator& generator) { return generator.get_state(); }
void set_random_state(at::Generator& generator, const torch::Tensor& state) {
  generator.set_state(state.clone());
}

}  // namespace showo
