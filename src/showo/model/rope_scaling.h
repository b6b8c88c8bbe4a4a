// Rotary angles stretched for longer texts: linear (positions over a factor) and Llama 3's, which
// stretches slow angles whole, fast ones not at all, and those between by a part, as
// transformers' rope utilities of its models do.
#pragma once

#include "showo/model/config.h"
#include "showo/nn/rope.h"

namespace showo {

/// The rotary angles a position, fp32 [R/2], stretched as config.rope_scaling says.
Tensor rope_frequencies(const LlmConfig& config);

}  // namespace showo
