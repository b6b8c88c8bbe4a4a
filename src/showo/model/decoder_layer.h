// A layer of a language model, whatever its family.
#pragma once

#include "showo/core/torch.h"

#include "showo/nn/attention.h"
#include "showo/nn/rope.h"

namespace showo {

struct DecoderLayerImpl : torch::nn::Module {
  /// [T, C] → [T, C]; the sequences lie side by side in T.
  virtual Tensor forward(const Tensor& x_TC, const Rope& rope, const Sequences& sequences,
                         int64_t layer) = 0;
  /// For inference on a GPU: SelfAttention::join_projections.
  virtual void join_projections() = 0;
};

}  // namespace showo
