#include "showo/nn/layers.h"

#include "showo/core/weightless.h"
#include "showo/lowbit/multiply.h"
#include "showo/nn/group_norm_gpu.h"

namespace showo {

LinearImpl::LinearImpl(int64_t in, int64_t out, bool with_bias) : in(in), out(out) {
  weight = register_parameter("weight", unset({out, in}));
  if (with_bias) bias = register_parameter("bias", unset({out}));
}

Tensor LinearImpl::forward_channels(const Tensor& x, int64_t first, int64_t count) {
  if (packed.defined()) return multiply(x, packed, bias, first, count);
  if (count == out) return product(x, weight, bias);
  return product(x, weight.narrow(0, first, count),
                 bias.defined() ? bias.narrow(0, first, count) : bias);
}

Tensor LinearImpl::forward_gelu(const Tensor& x) {
  if (packed.defined()) return multiply(x, packed, bias, 0, out, /*gelu=*/true);
  return product(x, weight, bias, Activation::kGelu);
}

void LinearImpl::replace_weight(PackedWeight low_bits) {
  packed = std::move(low_bits);
  parameters_.erase("weight");
  weight = Tensor();
  packed.codes = register_buffer("weight_codes", packed.codes);
  packed.scales = register_buffer("weight_scales", packed.scales);
}

std::vector<std::pair<std::string, std::shared_ptr<LinearImpl>>> linears_of(
    torch::nn::Module& module) {
  std::vector<std::pair<std::string, std::shared_ptr<LinearImpl>>> found;
  for (const auto& child : module.named_modules("", /*include_self=*/false)) {
    if (auto linear = std::dynamic_pointer_cast<LinearImpl>(child.value()))
      found.emplace_back(child.key(), std::move(linear));
  }
  return found;
}

EmbeddingImpl::EmbeddingImpl(int64_t count, int64_t channels) {
  weight = register_parameter("weight", unset({count, channels}));
}

Tensor EmbeddingImpl::forward(const Tensor& ids) { return torch::embedding(weight, ids); }

LayerNormImpl::LayerNormImpl(int64_t channels, double eps, NormKind kind) : eps(eps), kind(kind) {
  weight = register_parameter("weight", unset({channels}));
  if (kind == NormKind::kLayer) bias = register_parameter("bias", unset({channels}));
}

Tensor LayerNormImpl::forward(const Tensor& x) {
  if (kind == NormKind::kRms) return torch::rms_norm(x, {weight.size(0)}, weight, eps);
  return torch::layer_norm(x, {weight.size(0)}, weight, bias, eps);
}

Conv2dImpl::Conv2dImpl(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t padding)
    : stride(stride), padding(padding < 0 ? kernel / 2 : padding) {
  weight = register_parameter("weight", unset({out, in, kernel, kernel}));
  bias = register_parameter("bias", unset({out}));
}

Tensor Conv2dImpl::forward(const Tensor& x) {
  return torch::conv2d(x, weight, bias, stride, padding);
}

GroupNormImpl::GroupNormImpl(int64_t channels, int64_t groups)
    : groups(std::min(groups, channels)) {
  weight = register_parameter("weight", unset({channels}));
  bias = register_parameter("bias", unset({channels}));
}

Tensor GroupNormImpl::normalised(const Tensor& x, bool swish) {
  if (!torch::GradMode::is_enabled() && group_norm_takes_gpu(x, groups))
    return group_norm_gpu(x, groups, weight, bias, 1e-6, swish);
  auto norm = [this](const Tensor& input) {
    return torch::group_norm(input, groups, weight, bias, 1e-6);
  };
  // LibTorch's backward for channels-last is 13 times slower on CPUs than for the plain layout; two
  // copies cost less.
  const bool slow =
      x.requires_grad() && x.is_cpu() && x.is_contiguous(torch::MemoryFormat::ChannelsLast);
  const auto y =
      slow ? norm(x.contiguous()).contiguous(torch::MemoryFormat::ChannelsLast) : norm(x);
  return swish ? torch::silu(y) : y;
}

void use_channels_last(torch::nn::Module& module) {
  for (auto& parameter : module.parameters()) {
    if (parameter.dim() == 4)
      parameter.set_data(parameter.detach().clone(torch::MemoryFormat::ChannelsLast));
  }
}

}  // namespace showo
