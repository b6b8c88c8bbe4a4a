#include "showo/benchmarks/python_random.h"

#include <array>
#include <bit>

namespace showo::python {
namespace {

// The reference implementation's init_by_array (Matsumoto and Nishimura 2002) with a key of one
// number, as a seed sequence, from which std::mt19937 takes its whole state.
class KeyOfOne {
 public:
  using result_type = uint32_t;
  explicit KeyOfOne(uint32_t key) {
    state_[0] = 19650218;
    for (uint32_t i = 1; i < kSize; ++i) state_[i] = 1812433253u * folded(i) + i;
    for (size_t step = 0; step < kSize; ++step) mix(1664525u, key);
    for (size_t step = 1; step < kSize; ++step) mix(1566083941u, 0 - at_);
    state_[0] = 0x80000000u;
  }
  template <class Iterator>
  void generate(Iterator begin, Iterator end) const {
    for (size_t i = 0; begin != end; ++begin, ++i) *begin = state_[i % kSize];
  }

 private:
  static constexpr size_t kSize = 624;
  uint32_t folded(size_t i) const { return state_[i - 1] ^ (state_[i - 1] >> 30); }
  void mix(uint32_t factor, uint32_t addend) {
    state_[at_] = (state_[at_] ^ (folded(at_) * factor)) + addend;
    if (++at_ < kSize) return;
    state_[0] = state_[kSize - 1];
    at_ = 1;
  }
  std::array<uint32_t, kSize> state_{};
  uint32_t at_ = 1;
};

std::mt19937 seeded(uint32_t seed) {
  KeyOfOne sequence(seed);
  return std::mt19937(sequence);
}

}  // namespace

Random::Random(uint32_t seed) : engine_(seeded(seed)) {}

// As many of the highest bits as `count` has, again until they are below it.
size_t Random::choice(size_t count) {
  size_t drawn = count;
  while (drawn >= count) drawn = engine_() >> (32 - std::bit_width(count));
  return drawn;
}

}  // namespace showo::python
