// MAGVIT-v2's image tokenizer as Show-o publishes it (arXiv 2310.05737; showlab/magvitv2): a
// convolutional encoder, the lookup-free quantizer, a convolutional decoder. Members are named by
// their checkpoint keys. B batch, C channels, H×W pixels, h×w = (H/stride)×(W/stride) tokens, N =
// h·w, K bits.
#pragma once

#include "showo/codec/config.h"
#include "showo/codec/quantizer.h"
#include "showo/core/torch.h"
#include "showo/nn/layers.h"

namespace showo {

/// norm–swish–conv twice, plus the input (through a 1×1 convolution where the width changes).
struct ResnetBlockImpl : torch::nn::Module {
  ResnetBlockImpl(int64_t in, int64_t out);
  Tensor forward(const Tensor& x_BCHW);
  GroupNorm norm1, norm2;
  Conv2d conv1, conv2;
  Conv2d nin_shortcut{nullptr};
};
TORCH_MODULE(ResnetBlock);

/// One-head self-attention over all positions, with 1×1 convolutions as projections.
struct AttentionBlockImpl : torch::nn::Module {
  explicit AttentionBlockImpl(int64_t channels);
  Tensor forward(const Tensor& x_BCHW);
  GroupNorm norm;
  Conv2d q, k, v, proj_out;
};
TORCH_MODULE(AttentionBlock);

/// block_1, attn_1, block_2 at the lowest resolution.
struct MiddleImpl : torch::nn::Module {
  explicit MiddleImpl(int64_t channels);
  Tensor forward(const Tensor& x_BCHW);
  ResnetBlock block_1;
  AttentionBlock attn_1;
  ResnetBlock block_2;
};
TORCH_MODULE(Middle);

/// One resolution of encoder or decoder: residual blocks in `block`, then the change of resolution.
struct LevelImpl : torch::nn::Module {
  enum class Resample { kNone, kDown, kUp };
  LevelImpl(int64_t in, int64_t out, int64_t blocks, Resample resample);
  Tensor forward(Tensor x_BCHW);
  torch::nn::ModuleList block;
  Resample resample;
  Conv2d resample_conv{nullptr};
};
TORCH_MODULE(Level);

struct CodecEncoderImpl : torch::nn::Module {
  explicit CodecEncoderImpl(const CodecConfig& config);
  /// [B, 3, H, W] in [−1, 1] → latents [B, K, h, w].
  Tensor forward(const Tensor& image_B3HW);
  /// The last feature map before the latents: [B, 3, H, W] → [B, C, h, w].
  Tensor feature_map(const Tensor& image_B3HW);
  Conv2d conv_in;
  torch::nn::ModuleList down;
  Middle mid;
  GroupNorm norm_out;
  Conv2d conv_out, quant_conv;
};
TORCH_MODULE(CodecEncoder);

struct CodecDecoderImpl : torch::nn::Module {
  explicit CodecDecoderImpl(const CodecConfig& config);
  /// Signs [B, K, h, w] → [B, 3, H, W], about [−1, 1], not clamped.
  Tensor forward(const Tensor& z_BKhw);
  /// The decoder's last convolution: the adaptive weight of the adversarial loss is measured on it.
  Tensor last_layer() const { return conv_out->weight; }
  Conv2d post_quant_conv, conv_in;
  Middle mid;
  torch::nn::ModuleList up;
  GroupNorm norm_out;
  Conv2d conv_out;
};
TORCH_MODULE(CodecDecoder);

struct MagvitImpl : torch::nn::Module {
  explicit MagvitImpl(const CodecConfig& config);
  /// [B, 3, H, W] in [−1, 1], H and W multiples of the stride → codes [B, N], row by row.
  Tensor encode(const Tensor& image_B3HW);
  /// Codes [B, N] of a grid of `height`×`width` tokens (0, 0: square) → [B, 3, H, W] in [−1, 1].
  Tensor decode(const Tensor& codes_BN, int64_t height = 0, int64_t width = 0);

  CodecConfig config;
  CodecEncoder encoder;
  CodecDecoder decoder;
};
TORCH_MODULE(Magvit);

}  // namespace showo
