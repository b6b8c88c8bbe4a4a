#include "showo/train/restore.h"

#include <torch/torch.h>

#include "showo/core/error.h"

namespace showo {

void restore(torch::nn::Module& module, const TensorMap& state, const std::string& source) {
  torch::NoGradGuard no_grad;
  for (auto& [name, target] : state_of(module)) {
    const auto found = state.find(name);
    if (found == state.end()) fail("{}: tensor '{}' is missing", source, name);
    if (found->second.sizes() != target.sizes())
      fail("{}: tensor '{}' has another shape", source, name);
    torch::Tensor(target).copy_(found->second);
  }
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

void use_channels_last(torch::nn::Module& module) {
  for (auto& parameter : module.parameters()) {
    if (parameter.dim() == 4)
      parameter.set_data(parameter.detach().clone(torch::MemoryFormat::ChannelsLast));
  }
}

}  // namespace showo
