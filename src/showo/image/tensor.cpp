#include "showo/image/tensor.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace showo {

Image to_image(const at::Tensor& chw) {
  TORCH_CHECK(chw.dim() == 3 && chw.size(0) == 3, "a picture is [3, H, W]");
  auto bytes =
      chw.detach().to(at::kCPU, at::kFloat).add(1).mul(127.5).round().clamp(0, 255).to(at::kByte);
  bytes = bytes.permute({1, 2, 0}).contiguous();
  Image image(static_cast<int>(chw.size(2)), static_cast<int>(chw.size(1)));
  std::copy_n(bytes.const_data_ptr<uint8_t>(), image.rgb.size(), image.rgb.begin());
  return image;
}

at::Tensor to_tensor(const Image& image) {
  auto bytes = at::from_blob(const_cast<uint8_t*>(image.rgb.data()), {image.height, image.width, 3},
                             at::kByte);
  return bytes.permute({2, 0, 1}).to(at::kFloat).div(255).sub(0.5).div(0.5).contiguous();
}

}  // namespace showo
