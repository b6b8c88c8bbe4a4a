// What mask prediction asks of the model in a step (paper 3.5): the logits of all codes of a
// picture. What stands before it is causal or closed and never sees it, so it was read before; a
// step runs soi…eoi, which sees all of that and itself. N codes of a picture, C of them
// computed, P wanted, K of the codebook.
#pragma once

#include <optional>

#include "showo/core/replay.h"
#include "showo/generate/context.h"
#include "showo/generate/mask_sampler.h"

namespace showo {

/// A picture being drawn behind what one or two contexts have read: that of the prompt, and where
/// it may be guided that of the unconditional branch.
class Drawing {
 public:
  /// `canvas_N` as for MaskSampler. The contexts outlive it; they hold the picture's keys and
  /// values from step to step, and in the end what they held before. `position`: of the picture's
  /// first token, where it is not the next one.
  Drawing(const Showo& model, std::vector<Context*> contexts, const Tensor& canvas_N,
          const SamplingOptions& options, std::unique_ptr<Draws> draws,
          std::optional<int64_t> position = {});
  ~Drawing();
  Drawing(const Drawing&) = delete;

  /// The coming step's.
  std::vector<Request> requests();
  MaskStep take(const std::vector<Tensor>& logits);
  /// The coming step by itself on a GPU, replayed from the second time on. Not where only a part
  /// of the picture is computed: nothing then.
  std::optional<MaskStep> step_alone(const Network& network);
  const MaskSampler& sampler() const { return sampler_; }

 private:
  size_t branches() const { return sampler_.guided() ? contexts_.size() : 1; }
  /// Of those codes (MaskSampler::computed, wanted).
  std::vector<Request> requests(const Tensor& canvas_N, const Tensor& computed_C,
                                const Tensor& wanted_P);
  Vocabulary vocabulary_;
  std::vector<Context*> contexts_;
  std::vector<Segment> pictures_;  // behind each of them
  MaskSampler sampler_;
  Tensor wanted_P_;           // what the coming step's requests want
  Tensor replayed_canvas_N_;  // keeps its place
  std::optional<Replay> replay_;
  size_t replayed_branches_ = 0;
};

}  // namespace showo
