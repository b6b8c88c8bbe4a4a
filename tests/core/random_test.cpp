// Seeds and generators whose values outlive versions: a picture can be made again from its seed.
#include "showo/core/random.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <set>

namespace showo {
namespace {

// SplitMix64's published first outputs for the seeds 0 and 1234567.
TEST(DeriveSeed, IsSplitMix64) {
  EXPECT_EQ(derive_seed(0, 0), 0xe220a8397b1dcdafull);
  EXPECT_EQ(derive_seed(0, 1), 0x6e789e6aa1b965f4ull);
  EXPECT_EQ(derive_seed(0, 2), 0x06c45d188009454full);
  EXPECT_EQ(derive_seed(1234567, 0), 6457827717110365317ull);
  EXPECT_EQ(derive_seed(1234567, 1), 3203168211198807973ull);
  EXPECT_EQ(derive_seed(1234567, 2), 9817491932198370423ull);
}

TEST(DeriveSeed, DiffersBetweenSeedsAndParts) {
  std::set<uint64_t> seeds;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    for (uint64_t index = 0; index < 50; ++index) seeds.insert(derive_seed(seed, index));
  }
  EXPECT_EQ(seeds.size(), 2500u);
}

// torch.manual_seed(0); torch.rand(3)
TEST(MakeGenerator, DrawsWhatPyTorchDraws) {
  auto generator = make_generator(0);
  const auto expected =
      at::tensor({0.49625658988952637f, 0.7682217955589294f, 0.088477432727813721f});
  EXPECT_TRUE(at::rand({3}, generator).equal(expected));
  auto again = make_generator(0);
  EXPECT_TRUE(at::rand({3}, again).equal(expected));
  EXPECT_FALSE(at::rand({3}, again).equal(expected));
}

}  // namespace
}  // namespace showo
