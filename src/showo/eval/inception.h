// The network of FID (Heusel et al., 1706.08500): Inception-v3 (Szegedy et al., 1512.00567) as
// TensorFlow's file of 2015-12-05 has it and pytorch-fid names it. It differs from torchvision's in
// three ways: average pools do not count pads, the last block's pool takes maxima, and its
// classifier, which is not needed here, tells 1008 classes. B pictures.
#pragma once

#include <functional>

#include "showo/core/files.h"
#include "showo/core/torch.h"
#include "showo/image/image.h"

namespace showo {

inline constexpr int64_t kInceptionFeatures = 2048;

struct InceptionImpl : torch::nn::Module {
  InceptionImpl();
  /// Pictures as preprocess_inception makes them → [B, 2048], the last feature maps' means.
  torch::Tensor features(const torch::Tensor& pixels_B3SS);

 private:
  std::vector<std::function<torch::Tensor(const torch::Tensor&)>> layers_;
};
TORCH_MODULE(Inception);

/// As pytorch-fid does it: scaled to 299×299 bilinearly, with no low pass before → float
/// [3, 299, 299] in [−1, 1].
torch::Tensor preprocess_inception(const Image& image);

/// From .safetensors, .pt or .pth with pytorch-fid's names. Frozen. Throws Error naming the file,
/// and the tensors that are missing or of another shape; torchvision's own weights, which have the
/// same names, are refused.
Inception load_inception(const fs::path& file, torch::Device device = torch::kCPU);

}  // namespace showo
