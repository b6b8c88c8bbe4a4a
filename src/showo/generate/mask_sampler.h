// Pictures by mask prediction (MaskGIT, arXiv 2202.04200; paper 3.5): all unknown codes are drawn
// at once, the least sure ones are masked again, T times. The text's keys and values are computed
// once; a step runs soi…eoi only. N tokens of a picture, P of them, K codes.
#pragma once

#include <functional>
#include <memory>

#include "showo/nn/layers.h"
#include "showo/options.h"

namespace showo {

/// Where the random draws of a picture's steps come from: a generator, or a recording.
class Draws {
 public:
  virtual ~Draws() = default;
  /// Of a picture of `count` codes: probabilities [P, K] at `places_P` (undefined: at all) → one
  /// code a place [P].
  virtual Tensor codes(int step, int64_t count, const Tensor& places_P,
                       const Tensor& probabilities_PK) = 0;
  /// Gumbel noise [N] on the model's device.
  virtual Tensor gumbel(int step, int64_t count) = 0;
  /// Whether logits of codes that are known already are wanted too, for whoever watches the steps.
  virtual bool of_all() const { return false; }
};

class SeededDraws : public Draws {
 public:
  explicit SeededDraws(uint64_t seed, torch::Device device = torch::kCPU);
  /// A place's draw does not depend on which other places are drawn at.
  Tensor codes(int step, int64_t count, const Tensor& places_P,
               const Tensor& probabilities_PK) override;
  Tensor gumbel(int step, int64_t count) override;

 private:
  torch::Device device_;
  at::Generator generator_;
};

struct MaskStep {
  int step;
  Tensor places_P;   // int64, those that were drawn at; undefined: all
  Tensor logits_PK;  // of the codes there, after guidance
  Tensor codes_N;    // as drawn; known ones kept
  Tensor masked_N;   // bool: masked again
};
/// Sees every step; false stops the drawing.
using OnMaskStep = std::function<bool(const MaskStep&)>;

/// One picture on its way from step to step. Tensors only: a GPU is never waited for, unless
/// `commit_above` lets the number of steps depend on what is drawn.
class MaskSampler {
 public:
  /// `canvas_N`, int64 on the model's device: known codes, and −1 where a code is wanted.
  MaskSampler(const Tensor& canvas_N, const SamplingOptions& options, std::unique_ptr<Draws> draws);

  bool done() const { return step_ == options_.steps || masked_ == 0; }
  /// Whether the coming step is guided.
  bool guided() const;
  /// The codes that the coming step computes, int64 [C]; undefined: the whole picture.
  const Tensor& computed() const { return computed_C_; }
  /// The codes whose logits it wants, int64 [P]: those that are masked, which are known to be no
  /// more. Undefined: all. Of those that are computed, if these are a part, they are the first.
  Tensor wanted() const;
  /// What the model sees in it: −1 where masked.
  const Tensor& canvas() const { return canvas_N_; }
  /// Goes on with the logits [P, K], fp32, after guidance, of the codes at `places_P`: what
  /// wanted() gave, or all.
  MaskStep take(const Tensor& logits_PK, const Tensor& places_P = {});
  /// As drawn last.
  const Tensor& codes() const { return codes_N_; }
  const SamplingOptions& options() const { return options_; }

 private:
  SamplingOptions options_;
  std::unique_ptr<Draws> draws_;
  Tensor canvas_N_, codes_N_;
  Tensor computed_C_;
  Tensor ranks_N_;  // of a sequence of places, the first are kept first
  int step_ = 0;
  int64_t masked_;  // codes at most, at the start of the coming step; 0: there is none to come
  double temperature_;
};

}  // namespace showo
