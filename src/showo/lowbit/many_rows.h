// Products of many rows with 8-bit weights, for CPUs whose vectors multiply bytes: activations are
// rounded to 8 bits a row as well, and LibTorch's library multiplies, which reaches nine tenths of
// such a CPU's peak. Other CPUs have no instruction that sums products of bytes without overflow.
#pragma once

#include <ATen/core/Tensor.h>

#include "showo/lowbit/packed.h"

namespace showo::lowbit {

/// Whether this CPU has such instructions (AVX-512 VNNI).
bool multiplies_bytes();

/// From how many rows on unpacking the weight once is worth it.
constexpr int64_t kManyRows = 48;

/// x float [rows, inputs] times channels first … first + count of a weight of 8 bits with a scale a
/// channel, plus their bias (may be undefined) → float [rows, count].
at::Tensor multiply_bytes(const at::Tensor& x, const PackedWeight& packed, const at::Tensor& bias,
                          int64_t first, int64_t count);

}  // namespace showo::lowbit
