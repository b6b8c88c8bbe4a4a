// From a picture of any size to what a model takes: shorter side resized with antialiased bicubic,
// centre crop, scaling. Resizing follows Pillow's 8-bit fixed-point filter, cropping torchvision's
// rounding, as the reference does.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>

#include "showo/image/image.h"

namespace showo {

/// Antialiased bicubic (a = −0.5, support widened by the reduction), Pillow's rounding.
Image resize_bicubic(const Image& image, int width, int height);
/// Shorter side to `size`, then the size×size centre.
Image resize_and_crop(const Image& image, int size);
/// Show-o's input: float [3, size, size] in [−1, 1].
at::Tensor preprocess_showo(const Image& image, int size);
/// Of the colours of the pictures that CLIP learned from, each from 0 to 1.
inline constexpr std::array<double, 3> kClipMean = {0.48145466, 0.4578275, 0.40821073};
inline constexpr std::array<double, 3> kClipDeviation = {0.26862954, 0.26130258, 0.27577711};
/// CLIP's input: float [3, size, size], of this mean 0 and this standard deviation 1.
at::Tensor preprocess_clip(const Image& image, int size);

}  // namespace showo
