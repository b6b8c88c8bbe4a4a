#include "showo/train/run.h"

#include <ATen/autocast_mode.h>

#include <cmath>

#include "showo/checkpoint/load.h"
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

bool StepGuard::passes(double norm, int64_t step, const torch::nn::Module& module) {
  constexpr int64_t kMostSkipped = 10;
  if (std::isfinite(norm)) {
    skipped_ = 0;
    return true;
  }
  if (++skipped_ < kMostSkipped) {
    spdlog::warn("step {}: {} is not finite; the step is skipped", step, what_);
    return false;
  }
  check_finite(module, not_saved(step));
  fail("step {}: {} was not finite {} times in a row; the last checkpoint stays", step, what_,
       skipped_);
}

RunFolder::RunFolder(const fs::path& folder, const Json& recipe, const Json& defaults, bool writes)
    : folder_(folder), checkpoints_(folder) {
  if (writes) {
    make_folder(folder / "previews");
    lock_.emplace(folder);
  }
  start_ = checkpoints_.newest();
  const fs::path saved = folder / "recipe.json";
  if (start_ && fs::exists(saved)) {
    Json before = defaults, now = recipe;
    const Json held = read_json(saved);
    if (!held.is_object()) fail("{}: expected a recipe's keys and values", saved.string());
    before.merge_patch(held);
    before.erase("steps");
    now.erase("steps");
    if (before != now) {
      fail("{}: holds a run of another recipe (differs: {}); choose another folder or remove it",
           folder.string(), Json::diff(before, now)[0].value("path", "?"));
    }
  }
  if (writes) write_file_atomically(saved, recipe.dump(2) + "\n");
}

RunState RunFolder::state() const {
  const std::string path = (start_.value() / "state.json").string();
  const Json json = read_json(path);
  RunState state;
  read_config(state, json, path);
  for (const char* key : {"step", "streams"}) {
    if (!json.contains(key)) fail("{}: expected step and streams, found no {}", path, key);
  }
  return state;
}

void RunFolder::open_logs(int64_t step) {
  if (!lock_) return;
  cut_events(folder_, step);
  metrics_ = std::make_unique<MetricsFile>(folder_ / "metrics.jsonl", step);
  events_ = std::make_unique<EventFile>(folder_);
}

void RunFolder::log(const Json& line) {
  if (!metrics_) return;
  metrics_->write(line);
  const int64_t step = line.value("step", int64_t{0});
  for (const auto& [name, value] : line.items()) {
    if (value.is_number() && name != "step") events_->scalar(name, step, value.get<double>());
  }
  events_->flush();
}

void RunFolder::save(const RunState& state, int64_t keep,
                     const std::function<void(const fs::path&)>& fill) {
  checkpoints_.save(state.step, keep, [&](const fs::path& temporary) {
    fill(temporary);
    write_file_atomically(temporary / "state.json", config_to_json(state).dump());
  });
}

std::string not_saved(int64_t step) {
  return fmt::format("step {} is not saved and the last checkpoint stays", step);
}

bool RunLoop::after(int64_t step, bool skipped, bool all_stop) {
  const bool last = step >= pauses_.steps,
             stops = !last && (group_.size() == 1 ? asked() : all_stop);
  const auto due = [&](int64_t every) { return !stops && every > 0 && step % every == 0; };
  bool best = false;
  if (due(pauses_.evaluate_every)) {
    const Json figures = pauses_.evaluate();
    folder_.log(figures);
    const double loss = figures["eval_loss"].get<double>();
    best = loss < best_ && !skipped;
    if (best) best_ = loss;
  }
  if (due(pauses_.preview_every) && group_.leads()) pauses_.preview();
  owed_ |= due(pauses_.checkpoint_every) || best;
  if ((owed_ && !skipped) || last || stops) {
    pauses_.save();
    owed_ = false;
  }
  if (best && group_.leads()) folder_.mark_best();
  if (stops && group_.leads()) spdlog::info("stopped after step {}, which is saved", step);
  return !stops;
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
