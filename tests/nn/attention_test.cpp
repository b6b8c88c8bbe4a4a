// Attention against its definition, in every way this program computes it.
#include "showo/nn/attention.h"

#include <gtest/gtest.h>

namespace showo {
namespace {

Tensor by_definition(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& allowed) {
  auto scores = q.matmul(k.transpose(-1, -2)) / std::sqrt(static_cast<double>(q.size(-1)));
  return scores.masked_fill(allowed.logical_not(), -INFINITY).softmax(-1).matmul(v);
}

Tensor random_mask(int64_t batch, int64_t tokens) {
  return torch::rand({batch, 1, tokens, tokens})
      .gt(0.5)
      .logical_or(torch::eye(tokens, torch::kBool));
}

TEST(Attend, FollowsAMatrix) {
  torch::manual_seed(1);
  const auto q = torch::randn({2, 3, 9, 16}), k = torch::randn({2, 3, 9, 16}),
             v = torch::randn({2, 3, 9, 16});
  for (int64_t batch : {1, 2}) {
    const auto allowed = random_mask(batch, 9);
    EXPECT_TRUE(torch::allclose(attend(q, k, v, Visible::only(allowed)),
                                by_definition(q, k, v, allowed), 1e-4, 1e-5));
  }
}

TEST(Attend, LetsTheLastQueriesSeeWhatCameBefore) {
  torch::manual_seed(2);
  const auto q = torch::randn({1, 2, 3, 16}), k = torch::randn({1, 2, 8, 16}),
             v = torch::randn({1, 2, 8, 16});
  const auto allowed = torch::ones({3, 8}, torch::kBool).tril(5);
  EXPECT_TRUE(torch::allclose(attend(q, k, v, Visible::causal()), by_definition(q, k, v, allowed),
                              1e-4, 1e-5));
}

TEST(Attend, TrainsInBf16WithTheGradientsOfFp32) {
  torch::manual_seed(3);
  const auto allowed = random_mask(2, 40);
  std::vector<Tensor> exact, low;
  for (int i = 0; i < 3; ++i) {
    exact.push_back(
        torch::randn({2, 4, 40, 32}).to(torch::kBFloat16).to(torch::kFloat).requires_grad_());
    low.push_back(exact.back().detach().to(torch::kBFloat16).requires_grad_());
  }
  const auto weights = torch::randn({2, 4, 40, 32});
  (by_definition(exact[0], exact[1], exact[2], allowed) * weights).sum().backward();
  (attend(low[0], low[1], low[2], Visible::only(allowed)).to(torch::kFloat) * weights)
      .sum()
      .backward();
  for (int i = 0; i < 3; ++i) {
    const auto difference =
        (low[i].grad().to(torch::kFloat) - exact[i].grad()).norm() / exact[i].grad().norm();
    EXPECT_LT(difference.item<double>(), 0.02) << i;
  }
}

TEST(KvCache, GivesTheSameAsAllAtOnce) {
  torch::manual_seed(4);
  const auto k = torch::randn({1, 2, 6, 8}), v = torch::randn({1, 2, 6, 8});
  KvCache cache(1);
  cache.append(0, k.narrow(2, 0, 4), v.narrow(2, 0, 4));
  KvCache copy = cache;
  const auto [keys, values] = cache.append(0, k.narrow(2, 4, 2), v.narrow(2, 4, 2));
  EXPECT_TRUE(keys.equal(k));
  EXPECT_TRUE(values.equal(v));
  EXPECT_EQ(copy.length(), 4);
  cache.truncate(3);
  EXPECT_EQ(cache.length(), 3);
  cache.truncate(0);
  EXPECT_EQ(cache.length(), 0);
}

TEST(KvCache, PutsTokensInPlaceOfEarlierOnesWithoutTouchingItsCopies) {
  torch::manual_seed(5);
  const auto k = torch::randn({1, 2, 6, 8}), v = torch::randn({1, 2, 6, 8});
  KvCache cache(1);
  cache.append(0, k.clone(), v.clone());
  KvCache copy = cache;
  const auto places = torch::tensor({4, 1});
  const auto other = torch::randn({1, 2, 2, 8});
  const auto [keys, values] = cache.put(0, places, other, -other);
  EXPECT_EQ(cache.length(), 6);
  EXPECT_TRUE(keys.equal(k.index_copy(2, places, other)));
  EXPECT_TRUE(values.equal(v.index_copy(2, places, -other)));
  EXPECT_TRUE(copy.append(0, other, other).first.narrow(2, 0, 6).equal(k));
}

}  // namespace
}  // namespace showo
