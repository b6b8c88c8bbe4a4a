// Products of many rows by blocks, for CPUs without instructions that sum products of bytes in
// int32: while a tile's weights stay in the nearest cache all rows pass by, six at a time, so that
// whatever is loaded is multiplied many times. Weights of 8 bits are widened and multiplied by
// activations of 15 bits. Those of 4 are multiplied as they lie, by activations of 8 bits: 16 such
// products fit in int16, which takes half the instructions. Plain memory only, compiled once for
// every instruction set by Google Highway as lowbit/kernels.h is.
#pragma once

#include <cstdint>

#include "showo/lowbit/kernels.h"

namespace showo::lowbit {

constexpr int64_t kBlock = 6;  // rows: with two vectors of channels, 12 sums in 16 registers
constexpr int64_t kRowsForBlocks = 24;  // from as many on it is the faster way

/// Rows of activations as blocks, whose last may have rows of zeros, and one scale a row.
/// For weights of 8 bits: int16 [blocks][inputs / 2][kBlock][2].
/// For weights of 4 bits: int8 [blocks][inputs / 4][kBlock][4], each eight inputs in the order of
/// kNibbleOrder; and the sums of each kStep inputs [blocks][inputs / kStep][kBlock].
struct Blocks {
  const void* values;
  const float* scales;
  const int32_t* sums;
  int64_t rows;
};
/// Weights of 4 bits lie so that a mask leaves, in bytes, the first four of these and a shift more
/// the others.
constexpr int64_t kNibbleOrder[8] = {0, 4, 1, 5, 2, 6, 3, 7};

/// One block of `rows` ≤ kBlock rows: values [rows, inputs] → block, as Blocks says.
void lay_block(const int16_t* values, int64_t rows, int64_t inputs, int16_t* block);
void lay_block(const int8_t* values, int64_t rows, int64_t inputs, int8_t* block, int32_t* sums);

/// Tile `tile` of the product for all rows → out [rows, kTile]. Exact in integers within a group,
/// of 8 bits within 512 inputs of it, of 4 within kStep.
void multiply_tile_by_blocks(const Codes& weights, int64_t tile, const Blocks& x, float* out);

}  // namespace showo::lowbit
