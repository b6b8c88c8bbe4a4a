// Python's random, for official scripts that draw: the same seed gives the same choices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

namespace showo::python {

class Random {
 public:
  /// random.seed(seed)
  explicit Random(uint32_t seed);
  /// The place that random.choice picks in a list of `count`, at least one and below 2³².
  size_t choice(size_t count);

 private:
  std::mt19937 engine_;
};

}  // namespace showo::python
