// Values of an independent computation in NumPy: a loop over windows, each with its weighted mean,
// variance and covariance taken directly.
#include "showo/image/metrics.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace showo {
namespace {

// Channel c, row y, column x: 0.7·sin(0.31·x + 0.17·y·(c + 1) + phase).
at::Tensor waves(double phase) {
  const auto x = at::arange(20, at::kDouble).view({1, 1, 20}),
             y = at::arange(16, at::kDouble).view({1, 16, 1}),
             c = at::arange(3, at::kDouble).view({3, 1, 1});
  return (0.31 * x + 0.17 * y * (c + 1) + phase).sin().mul(0.7).to(at::kFloat);
}

const at::Tensor kOriginals = at::stack({waves(0), waves(1)});
const at::Tensor kCopies = at::stack({waves(0.2), waves(1.9)});

TEST(Ssim, AgreesWithNumPy) {
  const auto found = ssim(kOriginals, kCopies);
  EXPECT_NEAR(found[0].item<double>(), 0.9650807607, 1e-6);
  EXPECT_NEAR(found[1].item<double>(), 0.5043959862, 1e-6);
}

TEST(Ssim, IsOneForEqualPicturesAndSymmetric) {
  EXPECT_NEAR(ssim(kCopies, kCopies).min().item<double>(), 1, 1e-12);
  EXPECT_TRUE(at::allclose(ssim(kOriginals, kCopies), ssim(kCopies, kOriginals)));
}

// Of two flat pictures only the means differ: (2·μν + C₁) / (μ² + ν² + C₁).
TEST(Ssim, OfFlatPicturesComparesTheirMeans) {
  const auto a = at::full({1, 3, 11, 11}, 0.0), b = at::full({1, 3, 11, 11}, 0.5);
  EXPECT_NEAR(ssim(a, b).item<double>(), (2 * 0.5 * 0.75 + 1e-4) / (0.25 + 0.5625 + 1e-4), 1e-9);
}

TEST(Psnr, AgreesWithNumPy) {
  EXPECT_NEAR(psnr(kOriginals[0], kCopies[0]), 26.12110993, 1e-5);
  EXPECT_NEAR(psnr(kOriginals[1], kCopies[1]), 13.33778357, 1e-5);
  EXPECT_NEAR(psnr(kOriginals, kCopies), 16.12510900, 1e-5);
}

TEST(Psnr, OfEqualPicturesIsBounded) { EXPECT_NEAR(psnr(kCopies, kCopies), 106.0206, 1e-3); }

}  // namespace
}  // namespace showo
