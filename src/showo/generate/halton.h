// The order of a Halton sequence (arXiv 2503.17076): codes that are kept in one step lie far from
// each other, so that each tells something new; the surest ones, which the published sampler keeps
// first, lie close together and are drawn without knowing of each other.
#pragma once

#include <ATen/core/Tensor.h>

namespace showo {

/// int64 [tokens]: when each position of a square grid, row by row, comes in the sequence of bases
/// 2 (down) and 3 (across). `tokens` is a square.
at::Tensor halton_ranks(int64_t tokens);

}  // namespace showo
