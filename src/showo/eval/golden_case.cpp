#include "showo/eval/golden_case.h"

#include <algorithm>

namespace showo {
namespace {

const torch::Tensor& find(const TensorMap& tensors, const std::string& name, const fs::path& file) {
  const auto found = tensors.find(name);
  if (found == tensors.end()) fail("{}: tensor '{}' is missing", file.string(), name);
  return found->second;
}

std::string position_text(int64_t flat, at::IntArrayRef sizes) {
  std::vector<int64_t> index(sizes.size());
  for (size_t i = sizes.size(); i-- > 0;) {
    index[i] = flat % sizes[i];
    flat /= sizes[i];
  }
  std::string text = "[";
  for (size_t i = 0; i < index.size(); ++i) text += (i ? ", " : "") + std::to_string(index[i]);
  return text + "]";
}

}  // namespace

const torch::Tensor& GoldenCase::input(const std::string& name) const {
  return find(inputs, name, folder / "inputs.safetensors");
}
const torch::Tensor& GoldenCase::wanted(const std::string& name) const {
  return find(expected, name, folder / "expected.safetensors");
}

Vocabulary GoldenCase::vocabulary() const {
  const std::string where = (folder / "case.json").string();
  auto id = [&](const char* name) {
    for (const std::string& key : {std::string(name), "<|" + std::string(name) + "|>"}) {
      if (json.contains("special_ids") && json["special_ids"].contains(key))
        return json["special_ids"][key].get<int64_t>();
    }
    fail("{}: special_ids: '{}' is missing", where, name);
  };
  Vocabulary v;
  v.pad = id("pad"), v.soi = id("soi"), v.eoi = id("eoi"), v.sov = id("sov"), v.eov = id("eov");
  v.t2i = id("t2i"), v.mmu = id("mmu"), v.t2v = id("t2v"), v.v2v = id("v2v"), v.lvg = id("lvg");
  v.bos = json.contains("bos_id") ? json["bos_id"].get<int64_t>() : id("sot");
  v.eos = json.contains("eos_id") ? json["eos_id"].get<int64_t>() : id("eot");
  return v;
}

void GoldenCase::compare(const std::string& name, const torch::Tensor& actual_there,
                         const torch::Tensor& expected, double bound) {
  if (place.bf16) bound *= 300;
  const auto actual = actual_there.detach().cpu();
  Comparison result;
  result.name = name;
  result.bound = bound;
  if (actual.sizes() != expected.sizes()) {
    result.where =
        fmt::format("shape {} instead of {}", c10::str(actual.sizes()), c10::str(expected.sizes()));
  } else if (actual.numel() == 0) {
    result.passed = true;
  } else {
    const auto difference = (actual.to(torch::kDouble) - expected.to(torch::kDouble)).abs();
    result.largest_absolute = difference.max().item<double>();
    const double magnitude = expected.to(torch::kDouble).abs().max().item<double>();
    result.largest_relative = result.largest_absolute / std::max(magnitude, 1e-12);
    result.where = position_text(difference.argmax().item<int64_t>(), actual.sizes());
    result.passed = std::isfinite(result.largest_relative) && result.largest_relative <= bound;
  }
  report.comparisons.push_back(result);
}

void GoldenCase::compare_exact(const std::string& name, const torch::Tensor& actual_there,
                               const torch::Tensor& expected) {
  const auto actual = actual_there.cpu();
  Comparison result;
  result.name = name;
  if (actual.sizes() != expected.sizes()) {
    result.where =
        fmt::format("shape {} instead of {}", c10::str(actual.sizes()), c10::str(expected.sizes()));
  } else {
    const auto differs = actual.to(torch::kLong).ne(expected.to(torch::kLong));
    result.largest_absolute = static_cast<double>(differs.sum().item<int64_t>());
    result.passed = result.largest_absolute == 0;
    if (!result.passed)
      result.where =
          position_text(differs.to(torch::kLong).argmax().item<int64_t>(), actual.sizes());
  }
  report.comparisons.push_back(result);
}

void GoldenCase::compare_chosen(const std::string& name, const torch::Tensor& actual) {
  compare_exact(name, actual);
  Comparison& result = report.comparisons.back();
  if (!place.bf16 || actual.sizes() != wanted(name).sizes()) return;
  result.passed = result.largest_absolute <= 0.1 * static_cast<double>(actual.numel());
}

}  // namespace showo
