// Pictures as tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include "showo/image/image.h"

namespace showo {

/// float [3, H, W] in [−1, 1] → pixels, clamped and rounded.
Image to_image(const at::Tensor& chw);
/// Pixels → float [3, H, W] in [−1, 1].
at::Tensor to_tensor(const Image& image);

}  // namespace showo
