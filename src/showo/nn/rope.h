// Rotary position embedding (RoFormer, arXiv 2104.09864).
#pragma once

#include "showo/core/torch.h"

namespace showo {

using torch::Tensor;

/// Angles a position, fp32 [R/2]: base^(−2i/R) for i from 0.
Tensor rotary_frequencies(int64_t rotary, double base);

/// Turns the first R of D dimensions in the layout of Hugging Face's models: a dimension is paired
/// with the one R/2 further on. B rows, H heads, T tokens.
struct Rope {
  Tensor cos_B1TR, sin_B1TR;
  /// positions int64 [B, T], frequencies as above.
  Rope(const Tensor& positions_BT, const Tensor& frequencies);
  Tensor rotate(const Tensor& x_BHTD) const;
};

}  // namespace showo
