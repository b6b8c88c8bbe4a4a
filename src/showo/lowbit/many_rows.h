// Products of many rows with low-bit weights: activations are rounded to 8 bits a row, and
// LibTorch's library multiplies bytes, which reaches nine tenths of a CPU's peak. CPUs without
// AVX-512 VNNI have no instruction that sums products of bytes without overflow (core/device.h).
#pragma once

#include <ATen/core/Tensor.h>

#include "showo/lowbit/packed.h"
#include "showo/lowbit/weight_view.h"

namespace showo::lowbit {

/// From how many rows on it is the faster way: weights of 8 bits are multiplied where they lie,
/// those of 4 are made bytes first.
constexpr int64_t kManyRows = 20, kManyRowsOfFourBits = 65;

/// x float or bfloat16 [rows, inputs] times channels first … first + count, plus float offsets
/// [count] (may be undefined), with `gelu` of that → [rows, count] in x's dtype. `weights` is the
/// layout of `packed`, which has 4 bits, or 8 with a scale a channel.
at::Tensor multiply_many_rows(const at::Tensor& x, const PackedWeight& packed,
                              const WeightView& weights, const at::Tensor& offsets, int64_t first,
                              int64_t count, bool gelu);

}  // namespace showo::lowbit
