// Pictures drawn by an engine, for tests of what they are.
#pragma once

#include "showo/generate/engine.h"
#include "showo/generate/picture_job.h"
#include "showo/prompt/prompting.h"

namespace showo {

/// Wants the logits of all codes in every step.
struct DrawsOfAll : SeededDraws {
  using SeededDraws::SeededDraws;
  bool of_all() const override { return true; }
};

/// One picture a prompt, text tokens, together: `canvas_BN` as PictureJob has one → codes [B, N].
/// Who watches the steps sees the logits of all codes.
inline Tensor drawn(Engine& engine, const std::vector<std::vector<int64_t>>& texts,
                    const std::vector<uint64_t>& seeds, const Tensor& canvas_BN,
                    const SamplingOptions& options,
                    const std::function<void(size_t, const MaskStep&)>& on_step = {}) {
  const Showo model = engine.network().showo;
  const Prompting prompting = model->prompting();
  const std::vector<int64_t> blank(canvas_BN.size(1), model->vocabulary.mask_token);
  std::vector<Engine::JobPtr> jobs;
  for (size_t i = 0; i < texts.size(); ++i) {
    std::unique_ptr<Draws> draws;
    if (on_step) {
      draws = std::make_unique<DrawsOfAll>(seeds[i], model->device());
    } else {
      draws = std::make_unique<SeededDraws>(seeds[i], model->device());
    }
    jobs.push_back(std::make_shared<PictureJob>(
        model, prompting.text_to_image(texts[i], blank), prompting.text_to_image({}, blank),
        canvas_BN[static_cast<int64_t>(i)], options, std::move(draws), [=](const MaskStep& step) {
          if (on_step) on_step(i, step);
          return true;
        }));
  }
  engine.run(jobs);
  std::vector<Tensor> codes;
  for (const auto& job : jobs) codes.push_back(static_cast<PictureJob&>(*job).codes());
  return torch::stack(codes);
}

}  // namespace showo
