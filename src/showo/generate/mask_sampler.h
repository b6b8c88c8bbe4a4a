// Pictures by mask prediction (MaskGIT, arXiv 2202.04200; paper 3.5): all unknown codes are drawn
// at once, the least sure ones are masked again, T times. The text's keys and values are computed
// once; a step runs soi…eoi only. N tokens of a picture, K codes.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "showo/core/config.h"
#include "showo/nn/layers.h"

namespace showo {

struct SamplingOptions {
  int steps = 18;
  double guidance = 1.75;
  double guided = 1;
  int refresh = 1;
  double temperature = 1, code_temperature = 1;
  std::string schedule = "cosine";
  std::string order = "confidence";
  template <class V>
  void visit(V& v) {
    v(steps, "steps", "unmasking steps", between(1, 1 << 16));
    v(guidance, "guidance", "w in (1+w)·conditional − w·unconditional; 0 turns it off",
      between(0, 100));
    v(guided, "guided", "share of the steps, from the first on, that guidance is used in", share());
    v(refresh, "refresh",
      "every so many steps the whole picture is computed, in the others only what was masked: the "
      "codes kept earlier stay as they were seen then; 1 computes all in each",
      between(1, 1 << 16));
    v(temperature, "temperature", "of the noise that decides which codes are kept",
      between(0, 100));
    v(code_temperature, "code_temperature",
      "of the draw of codes: below 1 likely ones become likelier; 1 as published",
      between(0.01L, 100));
    v(schedule, "schedule", "cosine, linear, powX or sigmoid");
    v(order, "order",
      "which codes are kept first: the surest (confidence, as published) or those at the places of "
      "a Halton sequence (halton)");
  }
  /// Throws OptionError.
  void check(int64_t tokens) const;
};

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
