// How far a picture is from its original, pixel by pixel (PSNR) and by local structure (SSIM: Wang,
// Bovik, Sheikh and Simoncelli, IEEE Transactions on Image Processing 13(4), 2004). Pictures are in
// [−1, 1].
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace showo {

/// dB, 10·log10(range²/mse); of several pictures from the mean of their errors. The mean squared
/// error counts as 1e-10 at least, so equal pictures have 106 dB.
double psnr(const at::Tensor& a, const at::Tensor& b);

constexpr int64_t kSsimWindow = 11;

/// [B], 1 for equal pictures: Gaussian windows of 11×11, σ 1.5, that lie inside the picture;
/// K₁ 0.01, K₂ 0.03; the mean over windows and over the three channels. Both sides must be at least
/// 11 pixels.
at::Tensor ssim(const at::Tensor& a_B3HW, const at::Tensor& b_B3HW);

}  // namespace showo
