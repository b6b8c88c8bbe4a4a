// Products of many rows with 8-bit weights, for CPUs that multiply bytes (core/device.h):
// activations are rounded to 8 bits a row as well, and LibTorch's library multiplies, which reaches
// nine tenths of such a CPU's peak. Other CPUs have no instruction that sums products of bytes
// without overflow.
#pragma once

#include <ATen/core/Tensor.h>

#include "showo/lowbit/packed.h"

namespace showo::lowbit {

/// From how many rows on it is the faster way.
constexpr int64_t kManyRows = 48;

/// x float or bfloat16 [rows, inputs] times channels first … first + count of a weight of 8 bits
/// with a scale a channel, plus float offsets [count] (may be undefined), with `gelu` of that →
/// [rows, count] in x's dtype.
at::Tensor multiply_bytes(const at::Tensor& x, const PackedWeight& packed,
                          const at::Tensor& offsets, int64_t first, int64_t count, bool gelu);

}  // namespace showo::lowbit
