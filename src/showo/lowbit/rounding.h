// Weights to codes of 8 or 4 bits. Plain memory only, compiled once for every instruction set by
// Google Highway and chosen at run time.
#pragma once

#include <cstdint>

#include "showo/lowbit/weight_view.h"

namespace showo::lowbit {

/// Weights that share a scale, `count` a multiple of kStep → codes, and the scale as bfloat16. 8
/// bits: −127 … 127 of the largest. 4 bits: −8 … 7, of several scales the one with the least
/// squared error. False, with neither, when a weight is not finite.
bool round_group(const float* x, int64_t count, int bits, int8_t* codes, uint16_t* scale);

}  // namespace showo::lowbit
