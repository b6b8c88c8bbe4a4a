#include "showo/train/restore.h"

#include <fmt/ranges.h>
#include "showo/core/torch.h"

#include "showo/checkpoint/finite.h"
#include "showo/checkpoint/load.h"
#include "showo/core/error.h"

namespace showo {

void restore(const TensorMap& targets, const TensorMap& state, const std::string& source) {
  torch::NoGradGuard no_grad;
  check_finite(state, source);
  for (const auto& [name, target] : targets) {
    const auto found = state.find(name);
    if (found == state.end()) fail("{}: tensor '{}' is missing", source, name);
    if (found->second.sizes() != target.sizes()) {
      fail("{}: tensor '{}' is [{}], expected [{}]", source, name,
           fmt::join(found->second.sizes(), ", "), fmt::join(target.sizes(), ", "));
    }
    torch::Tensor(target).copy_(found->second);
  }
}

void restore(torch::nn::Module& module, const TensorMap& state, const std::string& source) {
  restore(state_of(module), state, source);
}

TensorMap with_prefix(const std::string& prefix, const TensorMap& state) {
  TensorMap result;
  for (const auto& [name, tensor] : state) result[prefix + name] = tensor;
  return result;
}

TensorMap without_prefix(const std::string& prefix, const TensorMap& state) {
  TensorMap result;
  for (const auto& [name, tensor] : state) {
    if (name.starts_with(prefix)) result[name.substr(prefix.size())] = tensor;
  }
  return result;
}

}  // namespace showo
