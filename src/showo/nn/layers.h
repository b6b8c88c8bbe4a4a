// The layers that checkpoints are made of. They differ from torch::nn's in one thing: parameters
// are not initialised when a module is built, so that a published model is mapped from disk without
// its memory being touched twice. Training from scratch calls an initialiser of its own
// (model/showo.h, codec/initialise.h). B batch, T tokens, C channels, H×W pixels.
#pragma once

#include "showo/core/torch.h"

#include "showo/lowbit/packed.h"
#include "showo/nn/product.h"

namespace showo {

using torch::Tensor;

/// y = x·Wᵀ + b; weight [out, in], bias [out]. The weight may be replaced by a low-bit one, which
/// checkpoints hold as weight_codes and weight_scales.
struct LinearImpl : torch::nn::Module {
  LinearImpl(int64_t in, int64_t out, bool bias = true);
  Tensor forward(const Tensor& x) { return forward_channels(x, 0, out); }
  /// gelu of the result.
  Tensor forward_gelu(const Tensor& x);
  /// The output channels first … first + count alone.
  Tensor forward_channels(const Tensor& x, int64_t first, int64_t count);
  void replace_weight(PackedWeight low_bits);
  int64_t in, out;
  Tensor weight, bias;
  PackedWeight packed;
};
TORCH_MODULE(Linear);

/// Every Linear of a module at any depth, with its name.
std::vector<std::pair<std::string, std::shared_ptr<LinearImpl>>> linears_of(
    torch::nn::Module& module);

/// Rows of a table; weight [count, C].
struct EmbeddingImpl : torch::nn::Module {
  EmbeddingImpl(int64_t count, int64_t channels);
  Tensor forward(const Tensor& ids);
  Tensor weight;
};
TORCH_MODULE(Embedding);

enum class NormKind { kLayer, kRms };

/// LayerNorm over the last dimension; weight and bias [C]. RMSNorm (arXiv 1910.07467) is the same
/// without the mean and the bias, which is undefined then.
struct LayerNormImpl : torch::nn::Module {
  LayerNormImpl(int64_t channels, double eps, NormKind kind = NormKind::kLayer);
  Tensor forward(const Tensor& x);
  Tensor weight, bias;
  double eps;
  NormKind kind;
};
TORCH_MODULE(LayerNorm);

/// Convolution of [B, in, H, W]; weight [out, in, kernel, kernel], bias [out]. `padding` zeros on
/// every side, −1: half the kernel, which keeps the size at stride 1.
struct Conv2dImpl : torch::nn::Module {
  Conv2dImpl(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1, int64_t padding = -1);
  Tensor forward(const Tensor& x);
  Tensor weight, bias;
  int64_t stride, padding;
};
TORCH_MODULE(Conv2d);

/// GroupNorm(32, eps 1e-6) over [B, C, H, W], as in VQGAN's code; at most C groups.
struct GroupNormImpl : torch::nn::Module {
  explicit GroupNormImpl(int64_t channels, int64_t groups = 32);
  Tensor forward(const Tensor& x) { return normalised(x, /*swish=*/false); }
  /// x·sigmoid(x) of the result.
  Tensor forward_swish(const Tensor& x) { return normalised(x, /*swish=*/true); }
  Tensor weight, bias;
  int64_t groups;

 private:
  Tensor normalised(const Tensor& x, bool swish);
};
TORCH_MODULE(GroupNorm);

/// Convolutions are fastest with the channels innermost, their kernels' too.
void use_channels_last(torch::nn::Module& module);

}  // namespace showo
