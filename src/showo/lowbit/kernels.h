// The loops behind PackedWeight, compiled once for every instruction set by Google Highway and
// chosen at run time. Plain memory only; lowbit/packed.h says what the layout means.
#pragma once

#include <cstdint>

namespace showo::lowbit {

constexpr int64_t kTile = 16;              // output channels of one piece of work
constexpr int64_t kStep = 32;              // input channels are padded to a multiple of this
constexpr int32_t kActivationMax = 16383;  // 15 bits: 1024 products with int8 stay within int32

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

/// x [count], padded with zeros to `padded` → values, scale, sums (may be null). x is float, or
/// bfloat16 as its bits.
void quantize_row(const float* x, int64_t count, int64_t padded, int16_t* values, float* scale,
                  int32_t* sums);
void quantize_row(const uint16_t* x, int64_t count, int64_t padded, int16_t* values, float* scale,
                  int32_t* sums);

/// Tile `tile` of the product for all rows → out [rows, kTile].
void multiply_tile(const Codes& weights, int64_t tile, const Activations& x, float* out);

/// x [count], padded with zeros to `padded` → bytes and the scale that makes the largest 127.
void round_to_bytes(const float* x, int64_t count, int64_t padded, int8_t* bytes, float* scale);
void round_to_bytes(const uint16_t* x, int64_t count, int64_t padded, int8_t* bytes, float* scale);

/// to[i] = sums[i]·scales[i]·row_scale + offsets[i], with `gelu` that of it.
void scale_sums(const int32_t* sums, const float* scales, float row_scale, const float* offsets,
                int64_t count, bool gelu, float* to);
void scale_sums(const int32_t* sums, const float* scales, float row_scale, const float* offsets,
                int64_t count, bool gelu, uint16_t* to);

/// gelu in place, by its approximation with tanh; `count` is a multiple of kTile.
void gelu(float* x, int64_t count);

}  // namespace showo::lowbit
