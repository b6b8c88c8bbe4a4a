// A walk gives every sample once an epoch, shares them out without overlap, and goes on from any
// position as if it had never stopped.
#include "showo/data/walk.h"

#include <set>

#include "tests/data/support.h"

namespace showo {
namespace {

const std::vector<std::vector<int64_t>> kShapes = {
    {5, 5, 5}, {1, 7, 0, 3, 12}, {20}, std::vector<int64_t>(17, 1)};

int64_t total(const std::vector<int64_t>& sizes) {
  int64_t sum = 0;
  for (int64_t size : sizes) sum += size;
  return sum;
}

// Numbers that the walk, now in `epoch`, draws in it.
std::vector<std::string> epoch_of(Walk& walk, int64_t epoch) {
  std::vector<std::string> numbers;
  for (;;) {
    Drawn drawn = walk.draw();
    if (drawn.at.epoch != epoch) return numbers;
    numbers.push_back(drawn.error.empty() ? drawn.sample.caption : drawn.error);
  }
}

TEST(Walk, GivesEverySampleOnceAnEpochInAnOrderOfItsOwn) {
  for (const auto& sizes : kShapes) {
    for (int64_t buffer : {1, 4, 1000}) {
      Walk all = walk(sizes, buffer);
      std::vector<std::string> orders[2];
      for (auto& order : orders) {
        for (int64_t i = 0; i < total(sizes); ++i) order.push_back(all.draw().sample.caption);
        const std::set<std::string> distinct(order.begin(), order.end());
        EXPECT_EQ(static_cast<int64_t>(distinct.size()), total(sizes));
      }
      if (sizes.size() > 1 || buffer > 1) {
        EXPECT_NE(orders[0], orders[1]) << sizes.size();
      }
    }
  }
}

TEST(Walk, KeepsTheSourcesOrderWithoutABuffer) {
  Walk all = walk({2, 0, 3}, 0);
  for (int epoch = 0; epoch < 2; ++epoch) {
    for (int i = 0; i < 5; ++i) EXPECT_EQ(all.draw().sample.caption, std::to_string(i));
  }
}

TEST(Walk, GoesOnFromEveryPosition) {
  for (const auto& sizes : kShapes) {
    for (int64_t buffer : {0, 1, 4, 1000}) {
      for (Slice slice : {Slice{0, 1}, Slice{1, 3}}) {
        Walk whole = walk(sizes, buffer, slice);
        StreamPosition at;
        for (int64_t start = 0; start < 2 * total(sizes) / slice.count + 2; ++start) {
          Walk resumed = walk(sizes, buffer, slice, at);
          Walk reference = walk(sizes, buffer, slice);
          for (int64_t i = 0; i < start; ++i) reference.draw();
          for (int i = 0; i < 7; ++i) {
            const Drawn expected = reference.draw(), found = resumed.draw();
            ASSERT_EQ(found.sample.caption, expected.sample.caption) << start << " + " << i;
            ASSERT_EQ(found.at, expected.at) << start << " + " << i;
            ASSERT_EQ(found.after, expected.after) << start << " + " << i;
          }
          at = whole.draw().after;
        }
      }
    }
  }
}

TEST(Walk, SharesAreAPartitionForAnyNumberOfRanksAndWorkers) {
  for (const auto& sizes : kShapes) {
    for (int64_t ranks = 1; ranks <= 3; ++ranks) {
      for (int64_t workers = 1; workers <= 3; ++workers) {
        for (int64_t epoch : {0, 3}) {
          std::multiset<std::string> all;
          for (int64_t rank = 0; rank < ranks; ++rank) {
            for (int64_t worker = 0; worker < workers; ++worker) {
              Walk share = walk(sizes, 4, Slice::of(rank, ranks, worker, workers), {epoch, 0, 0});
              all.merge([&] {
                const auto numbers = epoch_of(share, epoch);
                return std::multiset<std::string>(numbers.begin(), numbers.end());
              }());
            }
          }
          EXPECT_EQ(static_cast<int64_t>(all.size()), total(sizes));
          EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size())
              << ranks << " ranks, " << workers << " workers: samples twice";
        }
      }
    }
  }
}

TEST(Walk, ReadsNoFurtherAheadThanItsBuffer) {
  auto source = std::make_unique<Numbers>(std::vector<int64_t>{1000, 1000});
  Numbers& numbers = *source;
  Walk all(std::move(source), "numbers", 7, {}, 10, {});
  for (int64_t drawn = 1; drawn <= 2000; ++drawn) {
    all.draw();
    EXPECT_LE(numbers.samples_read, drawn + 10);
  }
}

TEST(Walk, GoesOnAfterACorruptSampleAndAfterABrokenPart) {
  auto source =
      std::make_unique<Numbers>(std::vector<int64_t>{3, 3, 3}, std::vector<int64_t>{1}, 1);
  Walk all(std::move(source), "numbers", 7, {}, 0, {});
  const std::vector<std::string> expected = {"0", "1: corrupt", "2", "3", "part 1: broken",
                                             "6", "7",          "8"};
  EXPECT_EQ(epoch_of(all, 0), expected);
}

TEST(Walk, ThatHoldsNothingForItsSliceIsAnError) {
  const std::string said = complaint([] { walk({1, 1}, 4, {2, 3}).draw(); });
  EXPECT_NE(said.find("nothing for slice 2 of 3"), std::string::npos) << said;
  EXPECT_THROW(walk({0, 0}, 4).draw(), Error);
}

TEST(Walk, RefusesSlicesAndPositionsThatCannotBe) {
  EXPECT_THROW(walk({3}, 4, {3, 3}), Error);
  EXPECT_THROW(walk({3}, 4, {0, 0}), Error);
  EXPECT_THROW(walk({3}, -1), Error);
  EXPECT_THROW(walk({3}, 4, {}, {0, 0, -1}), Error);
}

}  // namespace
}  // namespace showo
