// Products with weights of 8 bits and activations of 15. Few rows are multiplied by weights as they
// lie. Many pass by blocks of six while a tile's weights, widened to pairs of int16, stay in the
// nearest cache, so that whatever is loaded is multiplied many times. Plain memory only, compiled
// once for every instruction set by Google Highway and chosen at run time.
#pragma once

#include "showo/lowbit/weight_view.h"

namespace showo::lowbit {

constexpr int64_t kRowsForBlocks = 24;  // from as many on they are the faster way

/// Rows of activations, one scale a row: [rows, inputs], or blocks of kBlock, the last of which may
/// have rows of zeros: [blocks][inputs / 2][kBlock][2].
struct Rows16 {
  const int16_t* values;
  const float* scales;
  int64_t rows;
  bool blocks;
};

/// `rows` ≤ kBlock rows: values [rows, inputs] → a block, as Rows16 says.
void lay_block(const int16_t* values, int64_t rows, int64_t inputs, int16_t* block);

/// Tile `tile` of the product for all rows → out [rows, kTile]. Exact in integers within a group.
void multiply_tile_of_8_bits(const WeightView& weights, int64_t tile, const Rows16& x, float* out);

}  // namespace showo::lowbit
