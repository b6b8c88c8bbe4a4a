// Gradient checkpointing (Chen et al., arXiv 1604.06174): a layer's activations are computed again
// in the backward pass instead of being kept.
#pragma once

#include "showo/core/torch.h"

#include <functional>

namespace showo {

/// layer(x), where the backward pass runs `layer` a second time. `layer` must be a pure function of
/// x and `parameters`; the gradients are those of a plain call to the bit.
torch::Tensor recompute(std::function<torch::Tensor(const torch::Tensor&)> layer,
                        const torch::Tensor& x, const std::vector<torch::Tensor>& parameters);

}  // namespace showo
