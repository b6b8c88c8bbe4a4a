#include "showo/train/run.h"

#include <ATen/autocast_mode.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "showo/checkpoint/finite.h"
#include "showo/core/device.h"
#include "showo/image/image.h"
#include "showo/image/png.h"
#include "showo/image/tensor.h"

namespace showo {
namespace {

// Every key of a recipe that changes no result; a key that is not here does. What files hold is
// theirs to keep: they may lie elsewhere.
const char* const kWithoutEffect[] = {
    // what is told and kept
    "log_every", "preview_every", "checkpoint_every", "keep", "every",
    // how it is computed, to the same end
    "threads", "ahead", "recompute", "shard_optimizer",
    // what is put up with
    "max_corrupt",
    // where files lie, and what previews draw ("prompts" are both)
    "path", "paths", "images", "captions", "names", "prompts", "codec", "tokenizer", "init_from",
    "features", "tower", "teacher"};
// How pictures are drawn, in previews and of the finished model.
const char* const kSampling = "sampling";

// What the results depend on. A struct of that name is no file: the shape of a new tokenizer.
Json with_effect(const Json& recipe) {
  Json kept = Json::object();
  for (const auto& [key, value] : recipe.items()) {
    if (key == kSampling) continue;
    if (value.is_object()) {
      kept[key] = with_effect(value);
    } else if (changes_results(key)) {
      kept[key] = value;
    }
  }
  return kept;
}

// "data.t2i.threads 0 → 4".
std::vector<std::string> changes(const Json& before, const Json& now,
                                 const std::string& where = "") {
  std::vector<std::string> found;
  for (const auto& [key, was] : before.items()) {
    if (!now.contains(key)) found.push_back(fmt::format("no {}{}", where, key));
  }
  for (const auto& [key, value] : now.items()) {
    const Json was = before.value(key, Json());
    if (value.is_object() && was.is_object()) {
      std::ranges::copy(changes(was, value, where + key + "."), std::back_inserter(found));
    } else if (value != was) {
      found.push_back(fmt::format("{}{} {} → {}", where, key, config_detail::shown(was),
                                  config_detail::shown(value)));
    }
  }
  return found;
}

}  // namespace

bool changes_results(const std::string& key) { return !std::ranges::count(kWithoutEffect, key); }

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
    Json before = defaults;
    const Json held = read_json(saved);
    if (!held.is_object()) fail("{}: expected a recipe's keys and values", saved.string());
    before.merge_patch(held);
    compare(before, recipe);
  }
  if (writes) write_file_atomically(saved, recipe.dump(2) + "\n");
}

void RunFolder::compare(const Json& before, const Json& now) {
  Json old_results = with_effect(before), results = with_effect(now);
  old_results.erase("steps");
  results.erase("steps");
  if (const auto different = changes(old_results, results); !different.empty()) {
    fail("{}: holds a run of another recipe ({}); choose another folder or remove it",
         folder_.string(), fmt::join(different, ", "));
  }
  if (!lock_) return;
  if (const auto steps = before.find("steps"); steps != before.end() && steps->is_number_integer())
    steps_before_ = steps->get<int64_t>();
  if (const auto different = changes(before, now); !different.empty())
    spdlog::info("{} goes on with {}", one_line(folder_.string()),
                 one_line(fmt::format("{}", fmt::join(different, ", "))));
}

void RunFolder::explain_rate(const OptimizerOptions& options, int64_t step, int64_t steps) const {
  if (step < 1 || step >= steps || steps_before_.value_or(steps) == steps) return;
  const double last = learning_rate(options, step - 1, *steps_before_),
               next = learning_rate(options, step, steps);
  if (learning_rate(options, step, *steps_before_) == next) return;
  spdlog::warn("steps {} → {}: the learning rate goes from {:.3g} at step {} to {:.3g} at step {}",
               *steps_before_, steps, last, step, next, step + 1);
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

bool Pauses::after(int64_t step, bool skipped, bool all_stop) {
  const bool last = step >= options_.steps,
             stops = !last && (group_.size() == 1 ? asked() : all_stop);
  const auto due = [&](int64_t every) { return !stops && every > 0 && step % every == 0; };
  bool best = false;
  if (due(options_.evaluate_every)) {
    const Json figures = options_.evaluate();
    folder_.log(figures);
    const double loss = figures["eval_loss"].get<double>();
    best = loss < best_ && !skipped;
    if (best) best_ = loss;
  }
  if (due(options_.preview_every) && group_.leads()) options_.preview();
  owed_ |= due(options_.checkpoint_every) || best;
  if ((owed_ && !skipped) || last || stops) {
    options_.save();
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

}  // namespace showo
