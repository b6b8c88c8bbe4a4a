// When an epoch over several streams ends, in both published modes.
#include "showo/data/mixing.h"

#include "tests/data/support.h"

namespace showo {
namespace {

TEST(Mixing, KnowsThePublishedNames) {
  EXPECT_EQ(mixing_from("max_size_cycle"), Mixing::kMaxSizeCycle);
  EXPECT_EQ(mixing_from("min_size"), Mixing::kMinSize);
  EXPECT_THROW(mixing_from("sequential"), Error);
}

TEST(Mixing, EndsAnEpochWithTheLongestOrTheShortest) {
  for (const Mixing mixing : {Mixing::kMaxSizeCycle, Mixing::kMinSize}) {
    Walk longer = walk({2, 3, 2}, 4), shorter = walk({3}, 4);
    std::vector<StreamPosition> begin(2), now(2);
    for (int epoch = 0; epoch < 3; ++epoch) {
      int64_t steps = 0;
      do {
        now = {longer.draw().after, shorter.draw().after};
        ++steps;
      } while (!epoch_over(mixing, begin, now));
      EXPECT_EQ(steps, mixing == Mixing::kMaxSizeCycle ? 7 : 3) << epoch;
      begin = next_epoch(mixing, begin, now);
      longer = walk({2, 3, 2}, 4, {}, begin[0]);
      shorter = walk({3}, 4, {}, begin[1]);
    }
  }
}

}  // namespace
}  // namespace showo
