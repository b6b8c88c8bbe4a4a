// A picture changed without a mask (paper, appendix on editing): codes are masked at random and
// drawn again under another prompt, round after round, so that what does not fit the prompt goes
// and what fits stays.
#pragma once

#include "showo/generate/pipeline.h"

namespace showo {

struct RedrawOptions {
  double strength = 0.5;
  int rounds = 6;
  template <class V>
  void visit(V& v) {
    v(strength, "strength", "share of the picture's codes that is drawn anew in every round",
      above(0, 1));
    v(rounds, "rounds", "how often", between(1, 1000));
  }
};

/// `sampling.steps` are those of a round. Throws OptionError.
Image redrawn(Pipeline& pipeline, const Image& picture, const Wish& wish,
              const RedrawOptions& options, SamplingOptions sampling,
              const OnMaskStep& on_step = {});

}  // namespace showo
