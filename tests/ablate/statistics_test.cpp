// What few seeds allow to be said.
#include "showo/ablate/statistics.h"

#include <gtest/gtest.h>

#include <random>

namespace showo {
namespace {

TEST(AblationStatistics, MeansAndDeviationsOfASample) {
  const Summary all = summary_of({1, 2, 6});
  EXPECT_EQ(all.count, 3);
  EXPECT_DOUBLE_EQ(all.mean, 3);
  EXPECT_NEAR(all.deviation, 2.6457513, 1e-6);  // √7
  EXPECT_EQ(summary_of({4}).deviation, 0);
  EXPECT_EQ(summary_of({}).count, 0);
}

TEST(AblationStatistics, AClaimHoldsWhereAllSeedsAgreeBeyondTwiceTheError) {
  EXPECT_EQ(judge_higher({2, 3, 4}), Verdict::kReproduced);
  EXPECT_EQ(judge_higher({-2, -3, -4}), Verdict::kNotReproduced);
  EXPECT_EQ(judge_higher({0.1, 0.2, 9}), Verdict::kCannotSay) << "one seed makes it all";
  EXPECT_EQ(judge_higher({3, 3, -0.1}), Verdict::kCannotSay) << "one seed disagrees";
  EXPECT_EQ(judge_higher({0, 0, 0}), Verdict::kCannotSay);
  EXPECT_EQ(judge_higher({5}), Verdict::kCannotSay) << "one seed says nothing of others";
  EXPECT_EQ(judge_higher({}), Verdict::kCannotSay);
}

TEST(AblationStatistics, NearIsInsideAMarginBeyondDoubt) {
  EXPECT_EQ(judge_near({0.5, -0.5, 0.2}, 2), Verdict::kReproduced);
  EXPECT_EQ(judge_near({5, 6, 5.5}, 2), Verdict::kNotReproduced);
  EXPECT_EQ(judge_near({-5, -6, -5.5}, 2), Verdict::kNotReproduced);
  EXPECT_EQ(judge_near({1, 3, 2}, 2), Verdict::kCannotSay);
  EXPECT_EQ(judge_near({0}, 2), Verdict::kCannotSay);
}

// What the header says of three seeds: once in eleven times.
TEST(AblationStatistics, ChanceReproducesAsRarelyAsIsSaid) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> noise;
  int reproduced = 0;
  constexpr int kTimes = 20000;
  for (int i = 0; i < kTimes; ++i)
    reproduced +=
        judge_higher({noise(random), noise(random), noise(random)}) == Verdict::kReproduced;
  EXPECT_NEAR(reproduced / static_cast<double>(kTimes), 1 / 10.9, 0.01);
}

}  // namespace
}  // namespace showo
