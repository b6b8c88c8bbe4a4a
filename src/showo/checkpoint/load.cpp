#include "showo/checkpoint/load.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "showo/checkpoint/finite.h"
#include "showo/core/error.h"

namespace showo {
namespace {

std::string shape_text(at::IntArrayRef sizes) {
  return fmt::format("[{}]", fmt::join(sizes.vec(), ", "));
}

bool starts_with_any(const std::string& name, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const auto& prefix) { return name.starts_with(prefix); });
}

// What the names of one side all have in front, such as "model.", and those of the other lack; ""
// where that is not what keeps them apart.
std::string prefix_between(const TensorMap& longer, const TensorMap& shorter) {
  for (const auto& [name, tensor] : shorter) {
    for (const auto& [whole, other] : longer) {
      if (!whole.ends_with("." + name)) continue;
      const std::string prefix = whole.substr(0, whole.size() - name.size());
      const auto fits = std::ranges::count_if(
          shorter, [&](const auto& item) { return longer.contains(prefix + item.first); });
      if (2 * static_cast<size_t>(fits) > shorter.size()) return prefix;
    }
  }
  return "";
}

void check_prefix(const TensorMap& wanted, const TensorMap& tensors, const std::string& source) {
  const bool strangers =
      std::ranges::none_of(wanted, [&](const auto& item) { return tensors.contains(item.first); });
  if (!strangers || wanted.empty() || tensors.empty()) return;
  const std::string more = prefix_between(tensors, wanted), less = prefix_between(wanted, tensors);
  if (!more.empty()) {
    fail("{}: the names of its tensors begin with '{}': '{}', expected '{}'", source, more,
         more + wanted.begin()->first, wanted.begin()->first);
  }
  if (!less.empty()) {
    fail("{}: the names of its tensors lack '{}' in front: '{}', expected '{}'", source, less,
         tensors.begin()->first, less + tensors.begin()->first);
  }
}

struct Problems {
  std::vector<std::string> missing, shapes, unexpected;

  // All where they are few, else how many of each kind, the first few and the last.
  std::string text() const {
    constexpr size_t kMost = 8, kShown = 4;
    std::vector<std::string> all = missing;
    for (const auto* more : {&shapes, &unexpected})
      all.insert(all.end(), more->begin(), more->end());
    if (all.empty()) return "";
    if (all.size() == 1) return all[0];
    if (all.size() <= kMost)
      return fmt::format("{} tensors do not fit: {}", all.size(), fmt::join(all, "; "));
    const std::vector<std::string> first(all.begin(), all.begin() + kShown);
    return fmt::format(
        "{} tensors do not fit ({} missing, {} of another shape, {} unexpected): {}; … {}",
        all.size(), missing.size(), shapes.size(), unexpected.size(), fmt::join(first, "; "),
        all.back());
  }
};

Problems compare(const TensorMap& wanted, const TensorMap& tensors,
                 const std::vector<std::string>& ignored_prefixes) {
  Problems problems;
  for (const auto& [name, target] : wanted) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
      problems.missing.push_back(
          fmt::format("tensor '{}' {} is missing", name, shape_text(target.sizes())));
    } else if (found->second.sizes() != target.sizes()) {
      problems.shapes.push_back(fmt::format("tensor '{}' is {}, expected {}", name,
                                            shape_text(found->second.sizes()),
                                            shape_text(target.sizes())));
    }
  }
  for (const auto& [name, tensor] : tensors) {
    if (!wanted.contains(name) && !starts_with_any(name, ignored_prefixes))
      problems.unexpected.push_back(fmt::format("tensor '{}' is unexpected", name));
  }
  return problems;
}

}  // namespace

TensorMap state_of(const torch::nn::Module& module) {
  TensorMap state;
  for (const auto& item : module.named_parameters()) state[item.key()] = item.value();
  for (const auto& item : module.named_buffers()) state[item.key()] = item.value();
  return state;
}

void load_strict(torch::nn::Module& module, TensorMap tensors, const std::string& source,
                 const std::vector<std::string>& ignored_prefixes) {
  TensorMap wanted = state_of(module);
  check_prefix(wanted, tensors, source);
  const Problems problems = compare(wanted, tensors, ignored_prefixes);
  if (const std::string text = problems.text(); !text.empty()) fail("{}: {}", source, text);
  for (auto& [name, target] : wanted) {
    target.set_data(
        converted(tensors.at(name), target.scalar_type(), name, source, target.device()));
    tensors.erase(name);  // its pages are no longer needed when it was converted
  }
}

}  // namespace showo
