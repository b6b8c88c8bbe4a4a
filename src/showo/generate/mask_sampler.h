// Pictures by mask prediction (MaskGIT, arXiv 2202.04200; paper 3.5): all unknown codes are drawn
// at once, the least sure ones are masked again, T times. The text's keys and values are computed
// once; a step runs soi…eoi only. B pictures, N tokens of a picture, K codes.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "showo/model/showo.h"

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

/// Where a step's random draws come from: one generator a picture, or a recording.
class Draws {
 public:
  virtual ~Draws() = default;
  /// Probabilities [N, K] of picture b → one code a position [N].
  virtual Tensor codes(int step, int64_t b, const Tensor& probabilities_NK) = 0;
  /// Gumbel noise [N] on the model's device.
  virtual Tensor gumbel(int step, int64_t b, int64_t count) = 0;
};

class SeededDraws : public Draws {
 public:
  /// One seed a picture: the same seed gives the same picture whatever else is in the batch.
  explicit SeededDraws(const std::vector<uint64_t>& seeds, torch::Device device = torch::kCPU);
  Tensor codes(int step, int64_t b, const Tensor& probabilities_NK) override;
  Tensor gumbel(int step, int64_t b, int64_t count) override;

 private:
  torch::Device device_;
  std::vector<at::Generator> generators_;
};

struct MaskStep {
  int step;
  Tensor image_logits_BNK;  // after guidance
  Tensor codes_BN;          // as drawn; known ones kept
  Tensor masked_BN;         // bool: masked again
};
using OnMaskStep = std::function<void(const MaskStep&)>;

/// `prompts`: T2I rows, one a picture; `unconditional`: the same row without text. `canvas` [B, N]:
/// known codes, and −1 where a code is wanted. Returns codes [B, N] on the CPU.
Tensor sample_codes(Showo& model, const std::vector<Row>& prompts, const Row& unconditional,
                    const Tensor& canvas_BN, const SamplingOptions& options, Draws& draws,
                    const OnMaskStep& on_step = {});

}  // namespace showo
