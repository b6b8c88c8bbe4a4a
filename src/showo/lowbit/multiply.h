// Products with weights in 8 or 4 bits, exact in integers of the weights' codes and of rounded
// activations. Weights of 8 bits meet activations of 15 bits a row, those of 4 activations of 8
// bits every 32 inputs, so that the weights' rounding is the only error that matters; many rows,
// where a CPU sums products of bytes, are rounded to 8 bits a row (lowbit/many_rows.h).
#pragma once

#include "showo/lowbit/packed.h"

namespace showo {

/// x [..., inputs] times the channels first … first + count of the weight, plus their bias (may be
/// undefined) → [..., count] in x's dtype; with `gelu`, by its approximation with tanh, of that.
at::Tensor multiply(const at::Tensor& x, const PackedWeight& packed, const at::Tensor& bias,
                    int64_t first, int64_t count, bool gelu = false);

}  // namespace showo
