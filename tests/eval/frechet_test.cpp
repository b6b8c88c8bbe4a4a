// The Fréchet distance where it is known in closed form.
#include "showo/eval/frechet.h"

#include <gtest/gtest.h>

#include "showo/core/error.h"
#include "showo/core/random.h"

namespace showo {
namespace {

using torch::Tensor;

Tensor rows(int64_t count, int64_t width, uint64_t seed) {
  auto generator = make_generator(seed);
  return torch::randn({count, width}, generator, torch::kDouble);
}

FeatureMoments moments(const Tensor& all) {
  FeatureMoments result;
  for (const auto& part : all.split(3)) result.add(part);
  return result;
}

TEST(FeatureMoments, AddUpToTheWholeSetsMeanAndCovariance) {
  const auto all = rows(10, 4, 1) + 5;
  const auto found = moments(all);
  EXPECT_EQ(found.count(), 10);
  EXPECT_TRUE(torch::allclose(found.mean(), all.mean(0)));
  EXPECT_TRUE(torch::allclose(found.covariance(), torch::cov(all.t()), 1e-9, 1e-9));
}

TEST(FrechetDistance, OfASetToItselfIsZeroEvenOfFewPictures) {
  const auto set = moments(rows(5, 16, 2));  // a covariance without full rank
  EXPECT_NEAR(frechet_distance(set, set), 0, 1e-5);
}

// Covariances along the axes: the deviations' differences squared, here 2/3 and 8/3 against 4 times
// as much, and 25 for the means.
TEST(FrechetDistance, OfGaussiansAlongTheAxes) {
  const auto narrow = torch::tensor({{1., 0.}, {-1., 0.}, {0., 2.}, {0., -2.}}, torch::kDouble);
  const auto wide = narrow * 2 + torch::tensor({3., 4.}, torch::kDouble);
  EXPECT_NEAR(frechet_distance(moments(narrow), moments(wide)), 25 + 2. / 3 + 8. / 3, 1e-9);
}

// In two dimensions Tr (AB)^½ = (Tr AB + 2·(det AB)^½)^½, also for covariances along other axes.
TEST(FrechetDistance, OfGaussiansThatLieAskew) {
  const auto a = rows(40, 2, 3).matmul(torch::tensor({{3., 1.}, {0., 0.5}}, torch::kDouble)),
             b = rows(30, 2, 4).matmul(torch::tensor({{0.4, -2.}, {1., 1.}}, torch::kDouble)) + 1;
  const auto cov_a = torch::cov(a.t()), cov_b = torch::cov(b.t()), ab = cov_a.matmul(cov_b);
  const double root =
      std::sqrt(ab.trace().item<double>() +
                2 * std::sqrt(cov_a.det().item<double>() * cov_b.det().item<double>()));
  const double expected = (a.mean(0) - b.mean(0)).square().sum().item<double>() +
                          cov_a.trace().item<double>() + cov_b.trace().item<double>() - 2 * root;
  EXPECT_NEAR(frechet_distance(moments(a), moments(b)), expected, 1e-9 * expected);
  EXPECT_NEAR(frechet_distance(moments(b), moments(a)), expected, 1e-9 * expected);
}

TEST(FrechetDistance, NeedsTwoPictures) {
  EXPECT_THROW(frechet_distance(moments(rows(1, 2, 5)), moments(rows(9, 2, 6))), Error);
}

}  // namespace
}  // namespace showo
