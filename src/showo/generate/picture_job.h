// A picture drawn from a text, whole or in part: the engine's job.
#pragma once

#include <memory>
#include <optional>

#include "showo/generate/drawing.h"
#include "showo/generate/job.h"

namespace showo {

/// What is to be drawn in a picture: int64 [N], known codes and −1 where one is wanted.
struct Canvas {
  Tensor codes_N;
  std::unique_ptr<Draws> draws;
};

/// Of a picture that was drawn the next round, if there is one.
using NextRound = std::function<std::optional<Canvas>(const Tensor& codes_N)>;

class PictureJob : public Job {
 public:
  /// `prompt`: a text-to-image row with its picture, whose ids do not matter; `unconditional` the
  /// same without text, for guidance. `canvas_N` as in Canvas. `next`: it is drawn again as this
  /// says, until it says nothing.
  PictureJob(const Showo& model, const Row& prompt, const Row& unconditional,
             const Tensor& canvas_N, const SamplingOptions& options, std::unique_ptr<Draws> draws,
             OnMaskStep on_step = {}, NextRound next = {});

  std::vector<Beginning> beginnings() override;
  void begin(std::vector<Context> read, std::vector<Tensor> logits) override;
  std::vector<Request> next() override { return drawing_->requests(); }
  void take(std::vector<Tensor> logits) override { report(drawing_->take(logits)); }
  bool step_alone(const Network& network) override;
  bool done() const override { return codes_N_.defined(); }
  void release() override;
  bool draws() const override { return true; }
  int64_t most_tokens() const override;
  /// int64 [N] on the CPU, when it is done; of a picture that was stopped as its last step drew it.
  const Tensor& codes() const { return codes_N_; }

 private:
  void draw(Canvas canvas);
  void report(const MaskStep& step);
  Showo model_;
  std::vector<Row> rows_;  // what stands before the picture, with and without the text
  int64_t picture_tokens_;
  Canvas first_;
  Tensor codes_N_;
  SamplingOptions options_;
  OnMaskStep on_step_;
  NextRound next_;
  std::vector<Context> contexts_;
  std::optional<Drawing> drawing_;
};

}  // namespace showo
