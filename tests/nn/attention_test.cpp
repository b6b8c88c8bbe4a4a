// Attention against its definition, in every way this program computes it.
#include "showo/nn/attention.h"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include "showo/core/error.h"
#include "showo/nn/attend_one.h"

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
    EXPECT_TRUE(torch::allclose(attend(q, k, v, false, allowed), by_definition(q, k, v, allowed),
                                1e-4, 1e-5));
  }
}

TEST(Attend, LetsTheLastQueriesSeeWhatCameBefore) {
  torch::manual_seed(2);
  const auto q = torch::randn({1, 2, 3, 16}), k = torch::randn({1, 2, 8, 16}),
             v = torch::randn({1, 2, 8, 16});
  const auto allowed = torch::ones({3, 8}, torch::kBool).tril(5);
  EXPECT_TRUE(torch::allclose(attend(q, k, v, true), by_definition(q, k, v, allowed), 1e-4, 1e-5));
}

// Of every instruction set that this CPU has: heads of odd counts and sizes, keys as a cache holds
// them and as a projection leaves them.
class OneQuery : public testing::TestWithParam<int64_t> {
 protected:
  void SetUp() override { hwy::SetSupportedTargetsForTest(GetParam()); }
  void TearDown() override { hwy::SetSupportedTargetsForTest(0); }
};

TEST_P(OneQuery, SeesAllKeys) {
  torch::manual_seed(3);
  for (const auto& [heads, keys, size] :
       {std::tuple{1, 1, 16}, {3, 2, 32}, {2, 15, 48}, {4, 16, 64}, {5, 387, 80}, {2, 1000, 128}}) {
    SCOPED_TRACE(fmt::format("{} heads of {}, {} keys", heads, size, keys));
    const auto q = torch::randn({2, heads, 1, size}) * 3;
    const auto k = torch::randn({2, heads, keys + 5, size}).narrow(2, 3, keys),
               v = torch::randn({2, keys, heads, size}).transpose(1, 2);
    ASSERT_TRUE(takes_one(q));
    const auto all = torch::ones({1, 1, 1, keys}, torch::kBool);
    for (const bool causal : {false, true}) {
      EXPECT_TRUE(
          torch::allclose(attend(q, k, v, causal), by_definition(q, k, v, all), 1e-4, 1e-5));
      const auto narrow = [](const Tensor& t) { return t.to(torch::kBFloat16); };
      const auto wide = [&](const Tensor& t) { return narrow(t).to(torch::kFloat); };
      EXPECT_TRUE(torch::allclose(attend(narrow(q), narrow(k), narrow(v), causal).to(torch::kFloat),
                                  by_definition(wide(q), wide(k), wide(v), all), 1.0 / 256, 1e-3));
    }
  }
}

// Heads of queries that share one of keys and values: the kernel of a single query reads each where
// it is, and refuses what does not fit.
TEST_P(OneQuery, SharesHeadsOfKeys) {
  torch::manual_seed(6);
  const auto q = torch::randn({2, 6, 1, 32}), k = torch::randn({2, 2, 37, 32}),
             v = torch::randn({2, 2, 37, 32});
  const auto all = torch::ones({1, 1, 1, 37}, torch::kBool);
  EXPECT_TRUE(torch::allclose(
      attend(q, k, v, false),
      by_definition(q, k.repeat_interleave(3, 1), v.repeat_interleave(3, 1), all), 1e-4, 1e-5));
  EXPECT_THROW(attend_one(q, k.narrow(1, 0, 1).expand({2, 4, 37, 32}), v), c10::Error);
  EXPECT_THROW(attend_one(q.narrow(1, 0, 5), k, v), c10::Error);
  EXPECT_THROW(attend_one(q[0], {{{k[0], v[0]}}, {{k[1], v[1]}}}), c10::Error);
}

// Scores far apart: what is far below the largest counts nothing, and nothing overflows.
TEST_P(OneQuery, StandsExtremeScores) {
  const auto q = torch::full({1, 1, 1, 16}, 100.0);
  auto k = torch::full({1, 1, 3, 16}, -100.0), v = torch::ones({1, 1, 3, 16});
  k[0][0][1].fill_(100);
  v[0][0][1].fill_(7);
  EXPECT_TRUE(attend(q, k, v, false).eq(7).all().item<bool>());
}

INSTANTIATE_TEST_SUITE_P(Targets, OneQuery, testing::ValuesIn(hwy::SupportedAndGeneratedTargets()),
                         [](const auto& info) { return std::string(hwy::TargetName(info.param)); });

TEST(Attend, LeavesOtherSingleQueriesToTheLibrary) {
  EXPECT_FALSE(takes_one(torch::randn({1, 2, 1, 20})));
  EXPECT_FALSE(takes_one(torch::randn({1, 2, 2, 16})));
  EXPECT_FALSE(takes_one(torch::randn({1, 2, 1, 16}).requires_grad_()));
  EXPECT_FALSE(takes_one(torch::randn({1, 2, 1, 16}, torch::kDouble)));
}

// Without gradients too, bf16 follows fp32 closely for each kind of mask.
TEST(Attend, DrawsInBf16AsInFp32) {
  torch::manual_seed(4);
  const auto q = torch::randn({2, 3, 9, 64}), k = torch::randn({2, 3, 12, 64}),
             v = torch::randn({2, 3, 12, 64});
  const auto narrow = [](const Tensor& t) { return t.to(torch::kBFloat16); };
  for (const bool causal : {false, true}) {
    const auto got = attend(narrow(q), narrow(k), narrow(v), causal).to(torch::kFloat);
    EXPECT_LT((got - attend(q, k, v, causal)).abs().max().item<double>(), 0.03);
  }
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
  (attend(low[0], low[1], low[2], false, allowed).to(torch::kFloat) * weights).sum().backward();
  for (int i = 0; i < 3; ++i) {
    const auto difference =
        (low[i].grad().to(torch::kFloat) - exact[i].grad()).norm() / exact[i].grad().norm();
    EXPECT_LT(difference.item<double>(), 0.02) << i;
  }
}

// Rows of several kinds side by side, two of one plan beside each other: what an independent text
// sees skips its sister, what stands before features sees them too.
Sequences mixed_rows(int64_t times) {
  const AttentionPlan drawing = {{{0, 3}, {}, true}, {{3, 9}, {{0, 9}}}},
                      questions = {{{0, 6}, {{0, 6}}},
                                   {{6, 9}, {{0, 6}}, true},
                                   {{9, 12}, {{0, 6}}, true}},
                      features = {
                          {{0, 4}, {{4, 7}}, true}, {{4, 7}, {{0, 7}}}, {{7, 9}, {{0, 7}}, true}};
  Sequences rows = {
      {9, drawing}, {9, drawing}, {12, questions}, {9, features}, {5, causal_plan(5)}};
  for (Sequence& row : rows) {
    row.tokens *= times;
    for (Piece& piece : row.plan) {
      piece.queries = {piece.queries.begin * times, piece.queries.end * times};
      for (Span& span : piece.seen) span = {span.begin * times, span.end * times};
    }
  }
  return rows;
}

// bool [1, 1, T, T] over all rows.
Tensor matrix_of(const Sequences& sequences) {
  int64_t tokens = 0, start = 0;
  for (const Sequence& s : sequences) tokens += s.tokens;
  auto allowed = torch::zeros({1, 1, tokens, tokens}, torch::kBool);
  for (const Sequence& s : sequences) {
    for (const Piece& piece : s.plan) {
      auto rows = allowed[0][0].narrow(0, start + piece.queries.begin, piece.queries.length());
      for (const Span& span : piece.seen)
        rows.narrow(1, start + span.begin, span.length()).fill_(1);
      if (!piece.causal) continue;
      const int64_t own = piece.queries.length();
      rows.narrow(1, start + piece.queries.begin, own)
          .copy_(torch::ones({own, own}, torch::kBool).tril());
    }
    start += s.tokens;
  }
  return allowed;
}

// Short rows under a mask, and long ones piece by piece.
class Planned : public testing::TestWithParam<std::tuple<torch::ScalarType, int64_t, int64_t>> {};

TEST_P(Planned, GivesTheDefinitionAndItsGradients) {
  const auto [dtype, key_heads, times] = GetParam();
  const double bound = dtype == torch::kBFloat16 ? 0.02 : 1e-4;
  torch::manual_seed(8);
  const Sequences rows = mixed_rows(times);
  const auto allowed = matrix_of(rows);
  const int64_t tokens = allowed.size(-1), heads = 4;
  std::vector<Tensor> exact, tried;
  for (const int64_t count : {heads, key_heads, key_heads}) {
    exact.push_back(torch::randn({1, count, tokens, 16}).to(dtype).to(torch::kDouble));
    tried.push_back(exact.back()[0].to(dtype).requires_grad_());
    exact.back().requires_grad_();
  }
  const auto weights = torch::randn({tokens, heads, 16});
  const auto shared = [&](const Tensor& t) { return t.repeat_interleave(heads / key_heads, 1); };
  const auto want =
      by_definition(exact[0], shared(exact[1]), shared(exact[2]), allowed)[0].transpose(0, 1);
  const auto got = attend(tried[0], tried[1], tried[2], rows, 0);
  ASSERT_EQ(got.sizes(), want.sizes());
  const auto differs = [](const Tensor& a, const Tensor& b) {
    return ((a.to(torch::kDouble) - b).norm() / b.norm()).item<double>();
  };
  EXPECT_LT(differs(got, want), bound);
  (want * weights).sum().backward();
  (got * weights.to(dtype)).sum().backward();
  for (size_t i = 0; i < 3; ++i)
    EXPECT_LT(differs(tried[i].grad(), exact[i].grad()[0]), bound) << i;
  torch::NoGradGuard no_grad;
  EXPECT_LT(differs(attend(tried[0], tried[1], tried[2], rows, 0), want.detach()), bound);
}

INSTANTIATE_TEST_SUITE_P(Types, Planned,
                         testing::Combine(testing::Values(torch::kFloat, torch::kDouble,
                                                          torch::kBFloat16),
                                          testing::Values(4, 2, 1), testing::Values(1, 40)));

TEST(KvCache, GivesTheSameAsAllAtOnce) {
  torch::manual_seed(4);
  const auto k = torch::randn({2, 6, 8}), v = torch::randn({2, 6, 8});
  KvCache cache(1);
  cache.append(0, k.narrow(1, 0, 4), v.narrow(1, 0, 4));
  KvCache other = cache.fork();
  const auto [keys, values] = joined(cache.append(0, k.narrow(1, 4, 2), v.narrow(1, 4, 2)));
  EXPECT_TRUE(keys.equal(k));
  EXPECT_TRUE(values.equal(v));
  EXPECT_EQ(other.length(), 4);
  cache.truncate(3);
  EXPECT_EQ(cache.length(), 3);
  EXPECT_TRUE(joined(cache.append(0, v, k)).keys.equal(torch::cat({k.narrow(1, 0, 3), v}, 1)));
  EXPECT_TRUE(joined(other.append(0, v, k)).keys.equal(torch::cat({k.narrow(1, 0, 4), v}, 1)));
  cache.truncate(0);
  EXPECT_EQ(cache.length(), 0);
}

// What was read before a fork lies in one place for all of them, whoever is left.
TEST(KvCache, SharesWhatWasReadBeforeAFork) {
  torch::manual_seed(6);
  const auto k = torch::randn({2, 5, 8}), v = torch::randn({2, 5, 8});
  auto cache = std::make_unique<KvCache>(1);
  cache->append(0, k.clone(), v.clone());
  KvCache second = cache->fork(), third = second.fork();
  EXPECT_EQ(second.blocks(), cache->blocks());
  EXPECT_EQ(third.blocks().size(), 1u);
  EXPECT_EQ(third.blocks()[0].second, static_cast<int64_t>(k.nbytes() + v.nbytes()));
  cache->append(0, v, k);
  cache.reset();
  second.truncate(2);
  EXPECT_EQ(third.length(), 5);
  const auto more = torch::randn({2, 1, 8});
  EXPECT_TRUE(joined(third.append(0, more, more)).keys.equal(torch::cat({k, more}, 1)));
  EXPECT_TRUE(
      joined(second.append(0, more, more)).keys.equal(torch::cat({k.narrow(1, 0, 2), more}, 1)));
}

TEST(KvCache, PutsTokensInPlaceOfEarlierOnesWithoutTouchingItsForks) {
  torch::manual_seed(5);
  const auto k = torch::randn({2, 6, 8}), v = torch::randn({2, 6, 8});
  KvCache cache(1);
  cache.append(0, k.narrow(1, 0, 1), v.narrow(1, 0, 1));
  KvCache other = cache.fork();
  cache.append(0, k.narrow(1, 1, 5), v.narrow(1, 1, 5));
  const auto places = torch::tensor({4, 1});
  const auto fresh = torch::randn({2, 2, 8});
  const auto [keys, values] = joined(cache.put(0, places, fresh, -fresh));
  EXPECT_EQ(cache.length(), 6);
  EXPECT_TRUE(keys.equal(k.index_copy(1, places, fresh)));
  EXPECT_TRUE(values.equal(v.index_copy(1, places, -fresh)));
  EXPECT_TRUE(joined(other.append(0, fresh, fresh)).keys.narrow(1, 0, 1).equal(k.narrow(1, 0, 1)));
}

// For a recording: everything in one buffer of its own, with room.
TEST(KvCache, ExtendsWhatItSharesIntoMemoryOfItsOwn) {
  const auto k = torch::randn({2, 4, 8}), v = torch::randn({2, 4, 8});
  KvCache cache(1);
  cache.append(0, k.clone(), v.clone());
  KvCache other = cache.fork();
  cache.extend(6);
  EXPECT_EQ(cache.shared_length(), 0);
  const auto places = torch::tensor({0, 5});
  const auto fresh = torch::randn({2, 2, 8});
  const auto runs = cache.put(0, places, fresh, fresh);
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_TRUE(runs[0].keys.index_select(1, places).equal(fresh));
  EXPECT_TRUE(joined(other.append(0, fresh, fresh)).keys.narrow(1, 0, 4).equal(k));
}

// Texts of different lengths, a token each, in parts that are shared: at once as each alone.
TEST(Attend, NextTokensOfSeveralTextsAsEachAlone) {
  torch::NoGradGuard no_grad;
  torch::manual_seed(7);
  const auto rows = [](int64_t heads, int64_t tokens) { return torch::randn({heads, tokens, 16}); };
  const auto q = rows(4, 4), k = rows(2, 4), v = rows(2, 4);
  std::vector<KvCache> caches, copies;
  for (const int64_t length : {3, 20, 7}) {
    KvCache& cache = caches.emplace_back(1);
    cache.append(0, rows(2, length), rows(2, length));
    KvCache fork = cache.fork();
    const auto more_k = rows(2, 2), more_v = rows(2, 2);
    cache.append(0, more_k, more_v);
    fork.append(0, more_k, more_v);
    copies.push_back(std::move(fork));
  }
  Sequences together;  // the last is two tokens long and goes the other way
  const int64_t lengths[] = {1, 1, 2};
  for (size_t i = 0; i < 3; ++i)
    together.push_back({lengths[i], causal_plan(lengths[i], caches[i].length()), &caches[i]});
  const auto all = attend(q, k, v, together, 0);
  int64_t start = 0;
  for (size_t i = 0; i < 3; ++i) {
    const auto part = [&](const Tensor& t) { return t.narrow(1, start, lengths[i]); };
    const auto [keys, values] = joined(copies[i].append(0, part(k), part(v)));
    const auto wide = [](const Tensor& t) { return t.repeat_interleave(2, 0).unsqueeze(0); };
    const auto allowed =
        torch::ones({1, 1, lengths[i], keys.size(1)}, torch::kBool).tril(keys.size(1) - lengths[i]);
    const auto want =
        by_definition(part(q).unsqueeze(0), wide(keys), wide(values), allowed)[0].transpose(0, 1);
    EXPECT_TRUE(torch::allclose(all.narrow(0, start, lengths[i]), want, 1e-4, 1e-5)) << i;
    start += lengths[i];
  }
}

}  // namespace
}  // namespace showo
