// What mask prediction asks of the model in a step (paper 3.5): the logits of all codes of a
// picture. The text is causal and never sees the picture, so it is read once; a step runs soi…eoi,
// which sees all of it and itself. N codes of a picture, K of the codebook.
#pragma once

#include <vector>

#include "showo/core/replay.h"
#include "showo/generate/context.h"

namespace showo {

/// A text-to-image row's text, read; the picture follows it.
struct ReadPrompt {
  ReadPrompt(Showo& model, const Row& row);
  std::vector<int64_t> ids;  // of the whole row
  Context text;
  Segment picture;
};

class ImageStep {
 public:
  /// One picture behind each of the prompts (with guidance there are two), all at once.
  ImageStep(Showo& model, std::vector<ReadPrompt*> prompts, int64_t codes);
  ImageStep(const ImageStep&) = delete;
  /// Codes int64 [N] on the model's device, −1 where unknown → logits [prompts, N, K], fp32. On a
  /// GPU replayed from the second time on.
  Tensor all(const Tensor& canvas_N);
  /// Only of the codes at `places` int64 [P] → [prompts, P, K]: keys and values of the others are
  /// those of the step before.
  Tensor at(const Tensor& places_P, const Tensor& canvas_N);

 private:
  Tensor logits(const Tensor& places_P);
  Showo& model_;
  std::vector<ReadPrompt*> prompts_;
  Tensor canvas_N_;
  Replay all_;
};

}  // namespace showo
