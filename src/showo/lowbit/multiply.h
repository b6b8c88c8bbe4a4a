// Products with weights in 8 or 4 bits, exact in integers of the weights' codes and of activations
// rounded a row at a time: to 15 bits for few rows and, where a CPU has no products of bytes, for
// weights of 8 bits, so that the weights' rounding is the only error that matters; else to 8 bits.
#pragma once

#include "showo/lowbit/packed.h"

namespace showo {

/// x [..., inputs] times the channels first … first + count of the weight, plus their bias (may be
/// undefined) → [..., count] in x's dtype; with `gelu`, by its approximation with tanh, of that.
at::Tensor multiply(const at::Tensor& x, const PackedWeight& packed, const at::Tensor& bias,
                    int64_t first, int64_t count, bool gelu = false);

}  // namespace showo
