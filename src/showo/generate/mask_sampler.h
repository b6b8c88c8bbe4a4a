// Pictures by mask prediction (MaskGIT, arXiv 2202.04200; paper 3.5): all unknown codes are drawn
// at once, the least sure ones are masked again, T times. The text's keys and values are computed
// once; a step runs soi…eoi only. N tokens of a picture, K codes.
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
  /// Probabilities [N, K] → one code a position [N].
  virtual Tensor codes(int step, const Tensor& probabilities_NK) = 0;
  /// Gumbel noise [N] on the model's device.
  virtual Tensor gumbel(int step, int64_t count) = 0;
};

class SeededDraws : public Draws {
 public:
  explicit SeededDraws(uint64_t seed, torch::Device device = torch::kCPU);
  Tensor codes(int step, const Tensor& probabilities_NK) override;
  Tensor gumbel(int step, int64_t count) override;

 private:
  torch::Device device_;
  at::Generator generator_;
};

struct MaskStep {
  int step;
  Tensor image_logits_NK;  // after guidance
  Tensor codes_N;          // as drawn; known ones kept
  Tensor masked_N;         // bool: masked again
};
/// Sees every step; false stops the drawing.
using OnMaskStep = std::function<bool(const MaskStep&)>;

/// One picture on its way from step to step. Tensors only: a GPU is never waited for.
class MaskSampler {
 public:
  /// `canvas_N`, int64 on the model's device: known codes, and −1 where a code is wanted.
  MaskSampler(const Tensor& canvas_N, const SamplingOptions& options, std::unique_ptr<Draws> draws);

  bool done() const { return step_ == options_.steps; }
  /// Whether the coming step is guided.
  bool guided() const;
  /// The codes whose logits the coming step wants, int64 [P]; undefined: of the whole picture.
  const Tensor& places() const { return places_P_; }
  /// What the model sees in it: −1 where masked.
  const Tensor& canvas() const { return canvas_N_; }
  /// Goes on with the logits [N or P, K], fp32, after guidance.
  MaskStep take(const Tensor& logits_NK);
  /// As drawn last.
  const Tensor& codes() const { return codes_N_; }
  const SamplingOptions& options() const { return options_; }

 private:
  SamplingOptions options_;
  std::unique_ptr<Draws> draws_;
  Tensor canvas_N_, codes_N_;
  Tensor logits_NK_, places_P_;
  Tensor ranks_N_;  // of a sequence of places, the first are kept first
  int step_ = 0;
  int64_t masked_;  // at most, at the start of the coming step
  double temperature_;
};

}  // namespace showo
