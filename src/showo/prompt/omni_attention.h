// Omni-attention (paper 3.3): text rows are causal, image rows see the whole image and every
// earlier token that is no pad; in understanding every row sees everything up to the end of the
// image.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "showo/prompt/prompting.h"

namespace showo {

/// bool [T, T]: row i may see column j. A pad on the left sees the pads up to itself, so that its
/// softmax stays finite; nothing else sees it. T may exceed the row's own length (padding on the
/// right is causal).
at::Tensor allowed_attention(const RowLayout& layout, int64_t length);
/// bool [B, 1, T, T] for rows of one batch.
at::Tensor allowed_attention(const std::vector<RowLayout>& rows, int64_t length);
/// int64 [B, T]: where each token stands; 0, 1, 2 … but for independent questions and cut pads.
at::Tensor token_positions(const std::vector<RowLayout>& rows, int64_t length);

}  // namespace showo
