// Omni-attention (paper 3.3): text is causal; a picture sees all of itself and what came before it;
// in understanding the picture is open to every row. Nothing sees a pad but the pads after it. In
// rows made for causal attention (prompting.h) a token sees those before it, whatever it is part
// of.
#pragma once

#include <ATen/core/Tensor.h>

#include "showo/nn/attention_plan.h"
#include "showo/prompt/segments.h"

namespace showo {

/// bool [T, T]: token i may see token j. It is the definition; what is computed is the plan.
at::Tensor allowed_attention(const Segments& segments);

/// The same as a list of pieces, for the tokens from `cached` on, which begin a segment or go on
/// with a text.
AttentionPlan attention_plan(const Segments& segments, int64_t cached = 0);

}  // namespace showo
