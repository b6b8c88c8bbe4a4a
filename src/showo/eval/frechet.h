// The Fréchet distance between two sets of pictures, each taken as a Gaussian over features
// (Heusel et al., arXiv 1706.08500, with another network than FID's: not FID).
#pragma once

#include "showo/core/torch.h"

namespace showo {

/// Mean and covariance of rows that come a few at a time, in double.
class FeatureMoments {
 public:
  void add(const torch::Tensor& rows_BC);
  int64_t count() const { return count_; }
  torch::Tensor mean() const;
  /// Divided by count − 1.
  torch::Tensor covariance() const;

 private:
  int64_t count_ = 0;
  torch::Tensor sum_C, products_CC;
};

/// ‖μ₁ − μ₂‖² + Tr(Σ₁ + Σ₂ − 2·(Σ₁^½ Σ₂ Σ₁^½)^½). Falls with the number of pictures: compare
/// distances of equally many. Throws Error when a set has fewer than two.
double frechet_distance(const FeatureMoments& a, const FeatureMoments& b);

}  // namespace showo
