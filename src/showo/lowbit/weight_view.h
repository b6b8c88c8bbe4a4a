// How weights of 8 and 4 bits lie in memory, as the kernels see them; lowbit/packed.h says what the
// layout means.
#pragma once

#include <cstdint>

namespace showo::lowbit {

constexpr int64_t kTile = 16;  // output channels of one piece of work
constexpr int64_t kStep = 32;  // input channels are padded to a multiple of this
constexpr int64_t kBlock = 6;  // rows: with two vectors of channels, 12 sums in 16 registers

struct WeightView {
  const uint8_t* codes;
  const uint16_t* scales;  // bfloat16
  int64_t inputs;          // padded to kStep
  int64_t group;           // inputs that share a scale
  int bits;                // 8 or 4
};

}  // namespace showo::lowbit
