#include "showo/checkpoint/weights_folder.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "showo/checkpoint/torch_bin.h"
#include "showo/core/config.h"

namespace showo {
namespace {

using Names = std::vector<std::string>;

// Earlier ones are preferred; the reference looks for no others than the first.
const Names kStems = {"pytorch_model", "model", "diffusion_pytorch_model"};
const Names kEndings = {"safetensors", "bin", "pt", "pth", "ckpt"};
constexpr int kPublishedEndings = 2;
constexpr int kAnyName = 100;

// DataParallel and its kin, torch.compile, FSDP, recomputed activations, DeepSpeed.
const Names kWrappers = {"module", "_orig_mod", "_fsdp_wrapped_module",
                         "_checkpoint_wrapped_module", "_forward_module"};

// A name too long and a circle of links are no file either.
bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

Names split(const std::string& text) {
  Names parts(1);
  for (const char c : text) {
    if (c == '.')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

int place_of(const std::string& value, const Names& names) {
  const auto found = std::find(names.begin(), names.end(), value);
  return found == names.end() ? -1 : static_cast<int>(found - names.begin());
}

// model-00001-of-00003.safetensors
bool is_shard(const std::string& name) {
  const size_t of = name.find("-of-");
  return of != std::string::npos && of > 0 && of + 4 < name.size() && std::isdigit(name[of - 1]) &&
         std::isdigit(name[of + 4]);
}

bool is_index(const Names& parts) {
  return parts.size() >= 4 && parts.back() == "json" && parts[2] == "index";
}

// STEM.ENDING or STEM.ENDING.index.json, and the same of a variant (fp16, ema): what is preferred
// has a lower rank. None where the name is not one of weights.
std::optional<int> rank_of(const std::string& name) {
  const Names parts = split(name);
  if (parts.size() < 2 || parts[0].empty()) return std::nullopt;
  const bool index = is_index(parts);
  const int stem = place_of(parts[0], kStems),
            ending = place_of(index ? parts[1] : parts.back(), kEndings);
  if (ending < 0) return std::nullopt;
  const size_t variants = parts.size() - (index ? 4 : 2);
  if (stem < 0 || ending >= kPublishedEndings || variants > 1) return kAnyName;
  return static_cast<int>(((variants * 2 + index) * kPublishedEndings + ending) * kStems.size()) +
         stem;
}

Names files_in(const fs::path& folder) {
  Names names;
  std::error_code error;
  for (fs::directory_iterator item(folder, error), end; !error && item != end;
       item.increment(error)) {
    std::error_code ignored;
    if (!item->is_directory(ignored)) names.push_back(item->path().filename().string());
  }
  if (error) fail("{}: {}", folder.string(), error.message());
  std::sort(names.begin(), names.end());
  return names;
}

std::string listed(const Names& names) {
  constexpr size_t kMost = 6;
  if (names.empty()) return "nothing";
  const Names first(names.begin(), names.begin() + std::min(kMost, names.size()));
  return names.size() <= kMost
             ? fmt::format("{}", fmt::join(first, ", "))
             : fmt::format("{} and {} more", fmt::join(first, ", "), names.size() - kMost);
}

fs::path weights_in(const fs::path& folder) {
  Names best, shards;
  int best_rank = kAnyName;
  const Names files = files_in(folder);
  for (const auto& name : files) {
    const auto rank = rank_of(name);
    if (rank && is_shard(name)) shards.push_back(name);
    if (!rank || is_shard(name) || *rank > best_rank) continue;
    if (*rank < best_rank) best.clear();
    best_rank = *rank;
    best.push_back(name);
  }
  if (best.size() > 1) {
    fail("{}: several files may hold the weights: {}; rename the right one to {}", folder.string(),
         listed(best), kWeightsFile);
  }
  if (best.size() == 1) return folder / best[0];
  if (!shards.empty()) {
    fail("{}: found {}, but no *.index.json that says which tensors they hold", folder.string(),
         listed(shards));
  }
  fail(
      "{}: no weights: expected {}, pytorch_model.bin, model.safetensors or another *.{}; found {}",
      folder.string(), kWeightsFile, fmt::join(kEndings, ", *."), listed(files));
}

TensorMap read_file_by_kind(const fs::path& path) {
  return path.extension() == ".safetensors" ? read_safetensors(path).tensors : read_torch_bin(path);
}

// {"weight_map": {tensor: shard file}}: the shard of every tensor.
std::map<std::string, std::string> shards_in(const fs::path& index) {
  const Json json = read_json(index);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object()) {
    fail("{}: expected a weight_map", index.string());
  }
  std::map<std::string, std::string> shards;
  for (const auto& [name, file] : json["weight_map"].items()) {
    if (!file.is_string()) fail("{}: tensor '{}': expected a file name", index.string(), name);
    const fs::path shard = file.get<std::string>();
    if (shard.empty() || shard != shard.filename() || shard == "..") {
      fail("{}: tensor '{}': '{}' is not a file name", index.string(), name, shard.string());
    }
    shards[name] = shard.string();
  }
  return shards;
}

// Every tensor must be in the shard it is said to be in.
TensorMap read_sharded(const fs::path& index) {
  TensorMap result;
  std::map<std::string, TensorMap> shards;
  for (const auto& [name, shard] : shards_in(index)) {
    auto it = shards.find(shard);
    if (it == shards.end())
      it = shards.emplace(shard, read_file_by_kind(index.parent_path() / shard)).first;
    const auto found = it->second.find(name);
    if (found == it->second.end()) {
      fail("{}: tensor '{}' is missing; {} says it is there",
           (index.parent_path() / shard).string(), name, index.string());
    }
    result[name] = found->second;
  }
  return result;
}

// "module.showo._orig_mod.lm_head.bias" → "showo.lm_head.bias"
std::string unwrapped(const std::string& name) {
  Names parts = split(name);
  std::erase_if(parts, [](const auto& part) { return place_of(part, kWrappers) >= 0; });
  return fmt::format("{}", fmt::join(parts, "."));
}

TensorMap without_wrappers(TensorMap tensors, const fs::path& source) {
  TensorMap result;
  for (auto& [name, tensor] : tensors) {
    const std::string plain = unwrapped(name);
    if (!result.emplace(plain.empty() ? name : plain, std::move(tensor)).second)
      fail("{}: tensor '{}' stands twice, once as '{}'", source.string(), plain, name);
  }
  return result;
}

}  // namespace

bool holds_weights(const std::string& file_name) { return rank_of(file_name).has_value(); }

std::vector<std::string> weights_files(const fs::path& folder) {
  const fs::path file = weights_in(folder);
  Names names = {file.filename().string()};
  if (!is_index(split(names[0]))) return names;
  for (const auto& [tensor, shard] : shards_in(file))
    if (std::ranges::find(names, shard) == names.end()) names.push_back(shard);
  return names;
}

TensorMap read_weights(const fs::path& path) {
  if (!is_folder(path) && !is_there(path)) fail("{}: no such file or folder", path.string());
  const fs::path file = is_folder(path) ? weights_in(path) : path;
  return without_wrappers(
      is_index(split(file.filename().string())) ? read_sharded(file) : read_file_by_kind(file),
      file);
}

}  // namespace showo
