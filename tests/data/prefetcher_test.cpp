// However many threads prepare samples, they come in the walk's order with its positions; memory is
// bounded; what goes wrong is thrown to the consumer in its place; nothing hangs.
#include "showo/data/prefetcher.h"

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <fstream>

#include "tests/data/support.h"

namespace showo {
namespace {

using namespace std::chrono_literals;

// Later samples are often ready first.
void dawdle(Drawn& drawn) {
  const auto number = std::hash<std::string>()(drawn.sample.caption) % 5;
  std::this_thread::sleep_for(number * 200us);
}

TEST(Prefetcher, EqualsThePlainWalkFromEveryPosition) {
  const std::vector<int64_t> sizes = {4, 1, 6};
  Walk reference = walk(sizes, 3);
  StreamPosition start;
  for (int begin = 0; begin < 13; ++begin) {
    for (int64_t threads : {0, 1, 2, 3}) {
      Walk plain = walk(sizes, 3, {}, start);
      Prefetcher ahead(walk(sizes, 3, {}, start), dawdle, threads, 4);
      for (int i = 0; i < 9; ++i) {
        const Drawn expected = plain.draw(), found = ahead.next();
        ASSERT_EQ(found.sample.caption, expected.sample.caption) << threads << " threads, " << i;
        ASSERT_EQ(found.after, expected.after) << threads << " threads, " << i;
      }
    }
    start = reference.draw().after;
  }
}

int64_t address_space() {
  int64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * ::getpagesize();
}

// Room for a few stacks of threads and no more: what is delivered stays the same.
TEST(Prefetcher, GoesOnWithTheThreadsThatCouldBeStarted) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_AS, &before), 0);
  const rlim_t room = address_space() + (int64_t{256} << 20);
  const rlimit narrow{room, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_AS, &narrow), 0);
  std::vector<std::string> found;
  {
    Prefetcher ahead(walk({4, 1, 6}, 3), dawdle, /*threads=*/256, 4);
    for (int i = 0; i < 9; ++i) found.push_back(ahead.next().sample.caption);
  }
  ASSERT_EQ(::setrlimit(RLIMIT_AS, &before), 0);
  Walk plain = walk({4, 1, 6}, 3);
  for (const auto& caption : found) EXPECT_EQ(caption, plain.draw().sample.caption);
}

TEST(Prefetcher, HoldsNoMoreThanItMay) {
  std::atomic<int64_t> prepared = 0;
  Prefetcher ahead(
      walk({1000}, 1), [&](Drawn&) { ++prepared; }, 3, 5);
  for (int64_t delivered = 1; delivered <= 40; ++delivered) {
    ahead.next();
    std::this_thread::sleep_for(1ms);
    EXPECT_LE(prepared, delivered + 5);
  }
}

TEST(Prefetcher, ThrowsWhatAWorkerThrewInItsPlaceAndAgain) {
  for (int64_t threads : {1, 3}) {
    Prefetcher ahead(
        walk({10}, 0),
        [](Drawn& drawn) {
          dawdle(drawn);
          if (drawn.sample.caption == "4") throw std::runtime_error("out of luck");
        },
        threads, 8);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(ahead.next().sample.caption, std::to_string(i));
    EXPECT_THROW(ahead.next(), std::runtime_error);
    EXPECT_THROW(ahead.next(), std::runtime_error);
  }
}

TEST(Prefetcher, ThrowsWhatTheWalkThrew) {
  Prefetcher ahead(
      walk({0}, 1), [](Drawn&) {}, 2, 4);
  EXPECT_THROW(ahead.next(), Error);
}

TEST(Prefetcher, CanEndWhileItsWorkersWaitOrWork) {
  for (int i = 0; i < 30; ++i) {
    Prefetcher ahead(walk({100}, 4), dawdle, 3, 2);
    for (int k = 0; k < i % 4; ++k) ahead.next();
  }
}

TEST(Prefetcher, RefusesNumbersThatCannotBe) {
  EXPECT_THROW(Prefetcher(
                   walk({1}, 1), [](Drawn&) {}, -1, 4),
               Error);
  EXPECT_THROW(Prefetcher(
                   walk({1}, 1), [](Drawn&) {}, 1, 0),
               Error);
}

}  // namespace
}  // namespace showo
