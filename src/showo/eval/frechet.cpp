#include "showo/eval/frechet.h"

#include "showo/core/error.h"

namespace showo {

using torch::Tensor;

void FeatureMoments::add(const Tensor& rows_BC) {
  const auto rows = rows_BC.detach().to(torch::kCPU, torch::kDouble);
  if (count_ == 0) {
    sum_C = torch::zeros({rows.size(1)}, torch::kDouble);
    products_CC = torch::zeros({rows.size(1), rows.size(1)}, torch::kDouble);
  }
  count_ += rows.size(0);
  sum_C += rows.sum(0);
  products_CC.addmm_(rows.t(), rows);
}

Tensor FeatureMoments::mean() const { return sum_C / count_; }

Tensor FeatureMoments::covariance() const {
  const auto mu = mean();
  return (products_CC - torch::outer(mu, mu) * count_) / (count_ - 1);
}

double frechet_distance(const FeatureMoments& a, const FeatureMoments& b) {
  if (a.count() < 2 || b.count() < 2)
    fail("a Fréchet distance needs two pictures or more, found {}", std::min(a.count(), b.count()));
  const auto cov_a = a.covariance(), cov_b = b.covariance();
  // Covariances have no negative eigenvalues; rounding gives tiny ones.
  const auto [values, vectors] = at::linalg_eigh(cov_a);
  const auto root_a = torch::matmul(vectors * values.clamp_min(0).sqrt(), vectors.t());
  const auto product = torch::matmul(torch::matmul(root_a, cov_b), root_a);
  const auto root = at::linalg_eigvalsh((product + product.t()) / 2).clamp_min(0).sqrt().sum();
  const auto distance = (a.mean() - b.mean()).square().sum() + cov_a.trace() + cov_b.trace();
  return std::max((distance - 2 * root).item<double>(), 0.0);
}

}  // namespace showo
