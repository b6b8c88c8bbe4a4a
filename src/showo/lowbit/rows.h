// What is done to rows of activations before and after a product in integers. Plain memory only,
// compiled once for every instruction set by Google Highway as lowbit/kernels.h is.
#pragma once

#include <cstdint>

#include "showo/lowbit/kernels.h"

namespace showo::lowbit {

constexpr int32_t kActivationMax = 16383;  // 15 bits: 1024 products with int8 stay within int32

/// x [count], padded with zeros to `padded` → values, scale, sums (may be null). x is float, or
/// bfloat16 as its bits.
void quantize_row(const float* x, int64_t count, int64_t padded, int16_t* values, float* scale,
                  int32_t* sums);
void quantize_row(const uint16_t* x, int64_t count, int64_t padded, int16_t* values, float* scale,
                  int32_t* sums);

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
