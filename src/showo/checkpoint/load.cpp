#include "showo/checkpoint/load.h"

#include <fmt/ranges.h>

#include "showo/core/config.h"

namespace showo {
namespace {

// A name too long and a circle of links are no file either.
bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

TensorMap read_file_by_kind(const fs::path& path) {
  return path.extension() == ".safetensors" ? read_safetensors(path).tensors : read_torch_bin(path);
}

// {"weight_map": {tensor: shard file}}: every tensor must be in the shard it is said to be in.
TensorMap read_sharded(const fs::path& index) {
  const Json json = read_json(index);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object()) {
    fail("{}: expected a weight_map", index.string());
  }
  TensorMap result;
  std::map<std::string, TensorMap> shards;
  for (const auto& [name, file] : json["weight_map"].items()) {
    if (!file.is_string()) fail("{}: tensor '{}': expected a file name", index.string(), name);
    const fs::path shard = file.get<std::string>();
    if (shard.empty() || shard != shard.filename() || shard == "..") {
      fail("{}: tensor '{}': '{}' is not a file name", index.string(), name, shard.string());
    }
    auto it = shards.find(shard.string());
    if (it == shards.end())
      it = shards.emplace(shard.string(), read_file_by_kind(index.parent_path() / shard)).first;
    const auto found = it->second.find(name);
    if (found == it->second.end()) {
      fail("{}: tensor '{}' is missing; {} says it is there",
           (index.parent_path() / shard).string(), name, index.string());
    }
    result[name] = found->second;
  }
  return result;
}

std::string shape_text(at::IntArrayRef sizes) {
  return fmt::format("[{}]", fmt::join(sizes.vec(), ", "));
}

bool starts_with_any(const std::string& name, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const auto& prefix) { return name.starts_with(prefix); });
}

void assign(at::Tensor& target, const at::Tensor& value) {
  if (value.scalar_type() == target.scalar_type() && value.device() == target.device()) {
    target.set_data(value);
  } else {
    target.set_data(value.to(target.device(), target.scalar_type()));
  }
}

}  // namespace

TensorMap read_weights(const fs::path& path) {
  if (!is_folder(path)) {
    if (!is_there(path)) fail("{}: no such file or folder", path.string());
    return path.string().ends_with(".index.json") ? read_sharded(path) : read_file_by_kind(path);
  }
  const std::vector<std::string> names = {
      "model.safetensors", "diffusion_pytorch_model.safetensors", "pytorch_model.bin"};
  for (const auto& name : names) {
    if (is_there(path / name)) return read_file_by_kind(path / name);
  }
  for (const auto& name : names) {
    if (is_there(path / (name + ".index.json"))) return read_sharded(path / (name + ".index.json"));
  }
  fail("{}: no weights; looked for {} and {}.index.json", path.string(), fmt::join(names, ", "),
       fmt::join(names, ".index.json, "));
}

TensorMap state_of(const torch::nn::Module& module) {
  TensorMap state;
  for (const auto& item : module.named_parameters()) state[item.key()] = item.value();
  for (const auto& item : module.named_buffers()) state[item.key()] = item.value();
  return state;
}

void load_strict(torch::nn::Module& module, TensorMap tensors, const std::string& source,
                 const std::vector<std::string>& ignored_prefixes) {
  TensorMap wanted = state_of(module);
  std::vector<std::string> problems;
  for (const auto& [name, target] : wanted) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
      problems.push_back(
          fmt::format("tensor '{}' {} is missing", name, shape_text(target.sizes())));
    } else if (found->second.sizes() != target.sizes()) {
      problems.push_back(fmt::format("tensor '{}' is {}, expected {}", name,
                                     shape_text(found->second.sizes()),
                                     shape_text(target.sizes())));
    }
  }
  for (const auto& [name, tensor] : tensors) {
    if (!wanted.contains(name) && !starts_with_any(name, ignored_prefixes)) {
      problems.push_back(fmt::format("tensor '{}' is unexpected", name));
    }
  }
  if (problems.size() == 1) fail("{}: {}", source, problems[0]);
  if (!problems.empty())
    fail("{}: {} tensors do not fit: {}", source, problems.size(), fmt::join(problems, "; "));
  for (auto& [name, target] : wanted) {
    assign(target, tensors.at(name));
    tensors.erase(name);  // its pages are no longer needed when it was converted
  }
}

}  // namespace showo
