#include "showo/image/metrics.h"

#include <ATen/ATen.h>

namespace showo {
namespace {

at::Tensor gaussian() {
  constexpr double kSigma = 1.5;
  const auto x = at::arange(kSsimWindow, at::kDouble) - static_cast<double>(kSsimWindow / 2);
  const auto weights = x.square().div(-2 * kSigma * kSigma).exp();
  return weights / weights.sum();
}

// Each channel's weighted mean over every window, first along columns, then along rows.
at::Tensor window_mean(const at::Tensor& x_BCHW, const at::Tensor& weights) {
  const int64_t channels = x_BCHW.size(1);
  auto along = [&](const at::Tensor& x, at::IntArrayRef shape) {
    const auto kernel = weights.view(shape).expand({channels, 1, shape[2], shape[3]});
    constexpr int64_t kNoPadding = 0;
    return at::conv2d(x, kernel, {}, 1, at::IntArrayRef(kNoPadding), 1, channels);
  };
  return along(along(x_BCHW, {1, 1, kSsimWindow, 1}), {1, 1, 1, kSsimWindow});
}

}  // namespace

double psnr(const at::Tensor& a, const at::Tensor& b) {
  const double mse = (a - b).square().mean().item<double>();
  return 10 * std::log10(4 / std::max(mse, 1e-10));
}

at::Tensor ssim(const at::Tensor& a_B3HW, const at::Tensor& b_B3HW) {
  TORCH_CHECK(a_B3HW.dim() == 4 && a_B3HW.sizes() == b_B3HW.sizes() &&
                  a_B3HW.size(2) >= kSsimWindow && a_B3HW.size(3) >= kSsimWindow,
              "SSIM compares pictures of one size, at least 11 pixels a side");
  constexpr double kC1 = 0.01 * 0.01, kC2 = 0.03 * 0.03;
  auto from_0_to_1 = [](const at::Tensor& x) {
    return x.detach().to(at::kCPU, at::kDouble).contiguous().add(1).div(2);
  };
  const auto a = from_0_to_1(a_B3HW), b = from_0_to_1(b_B3HW), weights = gaussian();
  const auto mean_a = window_mean(a, weights), mean_b = window_mean(b, weights);
  const auto variance_a = window_mean(a * a, weights) - mean_a * mean_a;
  const auto variance_b = window_mean(b * b, weights) - mean_b * mean_b;
  const auto covariance = window_mean(a * b, weights) - mean_a * mean_b;
  const auto map = (2 * mean_a * mean_b + kC1) * (2 * covariance + kC2) /
                   ((mean_a.square() + mean_b.square() + kC1) * (variance_a + variance_b + kC2));
  return map.mean({1, 2, 3});
}

}  // namespace showo
