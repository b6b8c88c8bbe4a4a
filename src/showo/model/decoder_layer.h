// A layer of a language model, whatever its family.
#pragma once

#include "showo/core/torch.h"
#include "showo/nn/attention.h"
#include "showo/nn/rope.h"
#include "showo/nn/wanted.h"

namespace showo {

struct DecoderLayerImpl : torch::nn::Module {
  /// [T, C] → [P, C] of the wanted tokens; the sequences lie side by side in T.
  virtual Tensor forward(const Tensor& x_TC, const Rope& rope, const Sequences& sequences,
                         int64_t layer, const Wanted& wanted) = 0;
  /// For inference on a GPU: SelfAttention::join_projections.
  virtual void join_projections() = 0;
};

}  // namespace showo
