// Products of many rows with low-bit weights by LibTorch's library, which reaches nine tenths of a
// CPU's peak where that multiplies bytes or bf16 (core/device.h). 8 bits: activations are rounded
// to 8 bits a row as well; CPUs without AVX-512 VNNI have no instruction that sums products of
// bytes without overflow. 4 bits: weights, activations and results are rounded to bf16.
#pragma once

#include <ATen/core/Tensor.h>

#include "showo/lowbit/kernels.h"
#include "showo/lowbit/packed.h"

namespace showo::lowbit {

/// From how many rows on it is the faster way, for 8 bits and, where a weight is unpacked first,
/// for 4.
constexpr int64_t kManyRows = 12, kManyUnpackedRows = 128;

/// x float or bfloat16 [rows, inputs] times channels first … first + count of a weight of 8 bits
/// with a scale a channel, plus float offsets [count] (may be undefined), with `gelu` of that →
/// [rows, count] in x's dtype.
at::Tensor multiply_bytes(const at::Tensor& x, const PackedWeight& packed,
                          const at::Tensor& offsets, int64_t first, int64_t count, bool gelu);

/// The same for a weight of 4 bits, `weights` its layout.
at::Tensor multiply_unpacked(const at::Tensor& x, const PackedWeight& packed, const Codes& weights,
                             const at::Tensor& offsets, int64_t first, int64_t count, bool gelu);

}  // namespace showo::lowbit
