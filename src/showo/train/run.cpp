#include "showo/train/run.h"

#include <ATen/autocast_mode.h>
#include <ATen/cpu/Utils.h>

#include <algorithm>
#include <array>
#include <limits>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "showo/image/image.h"

namespace showo {

bool multiplies_bf16(torch::DeviceType device) {
  static const bool cpu = [] {
    const auto has = at::cpu::get_cpu_capabilities();
    const bool able =
        std::ranges::any_of(std::array{"avx512_bf16", "amx_bf16", "bf16"}, [&](auto name) {
          return has.contains(name) && has.at(name).isBool() && has.at(name).toBool();
        });
    if (!able) spdlog::info("this CPU has no bf16 products: training in fp32 instead");
    return able;
  }();
  return device != torch::kCPU || cpu;
}

Autocast::Autocast(bool enabled, torch::DeviceType device)
    : device_(device), before_(at::autocast::is_autocast_enabled(device)) {
  at::autocast::set_autocast_enabled(device_, enabled && multiplies_bf16(device));
  at::autocast::set_autocast_dtype(device_, at::kBFloat16);
}

Autocast::~Autocast() {
  at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, before_);
}

namespace {

fs::path prepared(const fs::path& folder) {
  make_folder(folder / "previews");
  return folder / "metrics.jsonl";
}

}  // namespace

RunFolder::RunFolder(const fs::path& folder, const Json& recipe)
    : folder_(folder), metrics_(prepared(folder)) {
  const fs::path saved = folder / "recipe.json";
  if (has_checkpoint() && fs::exists(saved)) {
    Json before = read_json(saved), now = recipe;
    before.erase("steps");
    now.erase("steps");
    if (before != now) {
      fail("{}: holds a run of another recipe (differs: {}); choose another folder or remove it",
           folder.string(), Json::diff(before, now)[0].value("path", "?"));
    }
  }
  write_file_atomically(saved, recipe.dump(2) + "\n");
}

bool RunFolder::has_checkpoint() const { return fs::exists(checkpoint() / "state.json"); }

void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  mallopt(M_TOP_PAD, 256 << 20);
#endif
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
