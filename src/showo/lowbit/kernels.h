// The loops behind PackedWeight, compiled once for every instruction set by Google Highway and
// chosen at run time. Plain memory only; lowbit/packed.h says what the layout means.
#pragma once

#include <cstdint>

namespace showo::lowbit {

constexpr int64_t kTile = 16;  // output channels of one piece of work
constexpr int64_t kStep = 32;  // input channels are padded to a multiple of this

/// Weights as packed.h lays them out.
struct Codes {
  const uint8_t* codes;
  const uint16_t* scales;  // bfloat16
  int64_t inputs;          // padded to kStep
  int64_t group;           // inputs that share a scale
  int bits;                // 8 or 4
};

/// Rows of activations as integers: values [rows, inputs], one scale a row, and for 4-bit weights
/// the sum of each kStep inputs [rows, inputs / kStep].
struct Activations {
  const int16_t* values;
  const float* scales;
  const int32_t* sums;
  int64_t rows;
};

/// Tile `tile` of the product for all rows → out [rows, kTile].
void multiply_tile(const Codes& weights, int64_t tile, const Activations& x, float* out);

/// Tile `tile` of a weight of 4 bits as int8 [inputs, kTile], rows `stride` apart: each channel is
/// rounded anew by one scale of its own → scales [kTile].
void tile_bytes(const Codes& weights, int64_t tile, int8_t* out, int64_t stride, float* scales);

}  // namespace showo::lowbit
