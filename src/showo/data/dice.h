// Numbers from a seed alone (SplitMix64), the same on every machine and standard library.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "showo/core/random.h"

namespace showo {

class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}
  uint64_t next() { return state_ = derive_seed(state_, 0); }
  /// 0 … count−1.
  size_t below(size_t count) { return static_cast<size_t>(next() % count); }
  bool chance(double probability) {
    return static_cast<double>(next() >> 11) * 0x1p-53 < probability;
  }
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  uint64_t state_;
};

}  // namespace showo
