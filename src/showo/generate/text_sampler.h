// The draw of a text's next token.
#pragma once

#include <ATen/core/Generator.h>

#include "showo/nn/layers.h"
#include "showo/options.h"

namespace showo {

/// Logits [V] → the next token.
int64_t choose_token(const Tensor& logits_V, const TextOptions& options, at::Generator& random);

}  // namespace showo
