// A picture changed without a mask (paper, appendix on editing): codes are masked at random and
// drawn again under another prompt, round after round, so that what does not fit the prompt goes
// and what fits stays.
#pragma once

#include "showo/generate/pipeline.h"

namespace showo {

/// `sampling.steps` are those of a round. Throws OptionError.
Jobs<Image> redrawing(Pipeline& pipeline, const Image& picture, const Wish& wish,
                      const RedrawOptions& options, const SamplingOptions& sampling,
                      const OnMaskStep& on_step = {});
/// The same, drawn.
Image redrawn(Pipeline& pipeline, const Image& picture, const Wish& wish,
              const RedrawOptions& options, const SamplingOptions& sampling,
              const OnMaskStep& on_step = {});

}  // namespace showo
