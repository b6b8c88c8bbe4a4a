// What is done to rows of activations before and after a product in integers. Plain memory only,
// compiled once for every instruction set by Google Highway and chosen at run time.
#pragma once

#include <cstdint>

#include "showo/lowbit/weight_view.h"

namespace showo::lowbit {

constexpr int32_t kActivationMax = 16383;  // 15 bits: 1024 products with int8 stay within int32

/// x [count], padded with zeros to `padded` → integers, the largest of them kActivationMax (int16)
/// or 127 (int8), and their scale. x is float, or bfloat16 as its bits.
void round_row(const float* x, int64_t count, int64_t padded, int16_t* values, float* scale);
void round_row(const uint16_t* x, int64_t count, int64_t padded, int16_t* values, float* scale);
void round_row(const float* x, int64_t count, int64_t padded, int8_t* values, float* scale);
void round_row(const uint16_t* x, int64_t count, int64_t padded, int8_t* values, float* scale);

/// The same to bytes with a scale every kStep → scales and sums of the bytes [padded / kStep].
void round_steps(const float* x, int64_t count, int64_t padded, int8_t* values, float* scales,
                 int32_t* sums);
void round_steps(const uint16_t* x, int64_t count, int64_t padded, int8_t* values, float* scales,
                 int32_t* sums);

/// to[i] = sums[i]·scales[i]·row_scale + offsets[i], with `gelu` that of it.
void scale_sums(const int32_t* sums, const float* scales, float row_scale, const float* offsets,
                int64_t count, bool gelu, float* to);
void scale_sums(const int32_t* sums, const float* scales, float row_scale, const float* offsets,
                int64_t count, bool gelu, uint16_t* to);

/// to[i] = products[i] + offsets[i], with `gelu` that of it, by its approximation with tanh.
void offset_products(const float* products, const float* offsets, int64_t count, bool gelu,
                     float* to);
void offset_products(const float* products, const float* offsets, int64_t count, bool gelu,
                     uint16_t* to);

}  // namespace showo::lowbit
