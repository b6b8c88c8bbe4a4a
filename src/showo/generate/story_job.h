// Text and pictures in turns (mixed-modality generation, paper 4.4): a story in which the model
// itself writes what comes next, draws it, and says when it ends; the engine's job.
//   <|lvg|> [SOT] text [EOT] <|soi|> image <|eoi|> [SOT] text [EOT] <|soi|> image <|eoi|> …
// Pictures are finished before anything later is read, so that all of the past is in the caches.
#pragma once

#include <optional>

#include "showo/generate/drawing.h"
#include "showo/generate/job.h"
#include "showo/generate/writing.h"
#include "showo/prompt/prompting.h"

namespace showo {

/// A text and the picture that shows it.
struct StoryFrame {
  std::vector<int64_t> text;   // tokens; none: a picture that stands for itself
  std::vector<int64_t> codes;  // of the image tokenizer
};

/// Sees every frame when it is finished; false stops the story.
using OnStoryFrame = std::function<bool(size_t frame, const StoryFrame&)>;

class StoryJob : public Job {
 public:
  /// `before`: frames that are there already. `told`: texts of the frames that follow them, in
  /// tokens; behind these the model writes its own. A story that goes on from its own frames with
  /// the same seed comes out as one that was never interrupted. Throws Error when the frames that
  /// are asked for do not fit into the model's positions.
  StoryJob(const Showo& model, const Prompting& prompting, const std::vector<StoryFrame>& before,
           std::vector<std::vector<int64_t>> told, const StoryOptions& options, uint64_t seed,
           OnStoryFrame on_frame = {}, OnMaskStep on_step = {});

  std::vector<Beginning> beginnings() override;
  void begin(std::vector<Context> read, std::vector<Tensor> logits) override;
  std::vector<Request> next() override;
  void take(std::vector<Tensor> logits) override;
  bool step_alone(const Network& network) override;
  bool done() const override { return done_; }
  void release() override;
  bool draws() const override { return true; }
  int64_t most_tokens() const override { return most_tokens_; }

  /// Those before and those made, finished ones only.
  const std::vector<StoryFrame>& frames() const { return frames_; }
  /// The newest text, told or written.
  const std::vector<int64_t>& text() const { return text_; }
  /// The model ended it, rather than the number of frames, the positions or a callback.
  bool ended() const { return ended_; }

 private:
  void read(std::vector<Tensor> logits);
  void go_on();
  void begin_text(Tensor logits_V);
  void end_text();
  void begin_picture();
  void end_picture();
  void draw_step(const MaskStep& step);

  Showo model_;
  Prompting prompting_;
  std::vector<StoryFrame> frames_;
  std::vector<std::vector<int64_t>> told_;  // what is left of them
  StoryOptions options_;
  uint64_t seed_;
  OnStoryFrame on_frame_;
  OnMaskStep on_step_;
  int64_t most_frames_, most_tokens_;
  bool done_ = false, ended_ = false;

  Context context_;                      // the story so far
  std::optional<Context> without_text_;  // the same with an empty newest text, for guidance
  int64_t before_text_ = 0;              // tokens of the row before the newest text
  std::vector<int64_t> text_;            // the newest
  bool told_text_ = false;               // it is in the row already
  // One of them while it is under way; with neither, what was appended to the rows is read.
  std::optional<Writing> writing_;
  std::optional<Drawing> drawing_;
};

}  // namespace showo
