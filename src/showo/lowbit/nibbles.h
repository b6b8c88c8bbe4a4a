// Products with weights of 4 bits as they lie, and activations of 8 bits that have a scale every
// kStep inputs; blocks of six rows pass by while a tile's weights stay in the nearest cache. Plain
// memory only, compiled once for every instruction set by Google Highway and chosen at run time.
#pragma once

#include "showo/lowbit/weight_view.h"

namespace showo::lowbit {

/// Rows of activations in blocks of kBlock, the last with the rows that are left. Of a block of R
/// rows: values [inputs / 4][R][4], each eight inputs in the order of kNibbleOrder; scales
/// [inputs / kStep][R]; and what a step's sum has too much, as codes are 8 more than weights: 8
/// times the sum of its values [inputs / kStep][R].
struct Rows8 {
  const int8_t* values;
  const float* scales;
  const int32_t* excess;
  int64_t rows;
};
/// Weights lie so that a mask leaves, in bytes, the first four of these and a shift more the
/// others.
constexpr int64_t kNibbleOrder[8] = {0, 4, 1, 5, 2, 6, 3, 7};

/// `rows` ≤ kBlock rows: values [rows, inputs] → a block, as Rows8 says.
void lay_block(const int8_t* values, int64_t rows, int64_t inputs, int8_t* block);

/// Tile `tile` of the product for all rows → out [rows, kTile]. Exact in integers within kStep
/// inputs.
void multiply_tile_of_4_bits(const WeightView& weights, int64_t tile, const Rows8& x, float* out);

/// Tile `tile` as int8 [inputs, kTile], rows `stride` apart: each channel is rounded anew by one
/// scale of its own → scales [kTile].
void tile_as_bytes(const WeightView& weights, int64_t tile, int8_t* out, int64_t stride,
                   float* scales);

}  // namespace showo::lowbit
