// Keys and values where they lie: what a sequence has read may be shared in parts with others.
// G heads of keys and values, n tokens, D head size.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "showo/nn/attention_plan.h"

namespace showo {

/// Keys and values [G, n, D] of neighbouring tokens in one layer.
struct KeyRun {
  at::Tensor keys, values;
};
/// One after another: all tokens of a sequence.
using KeyRuns = std::vector<KeyRun>;

/// As one run, copied where there are several.
KeyRun joined(const KeyRuns& runs);
/// What of them lies in the spans.
KeyRuns within(const KeyRuns& runs, const std::vector<Span>& spans);

}  // namespace showo
