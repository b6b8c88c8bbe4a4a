#include "showo/generate/image_step.h"

namespace showo {

ReadPrompt::ReadPrompt(Showo& model, const Row& row) : ids(row.ids), cache(model->new_cache()) {
  const int64_t first = row.layout.pads;
  length = row.layout.soi - first;
  const auto text =
      torch::tensor(std::vector<int64_t>(ids.begin() + first, ids.begin() + row.layout.soi));
  model->hidden(text.unsqueeze(0), Visible::causal(), &cache,
                torch::arange(first, row.layout.soi).unsqueeze(0));
}

ImageStep::ImageStep(Showo& model, std::vector<ReadPrompt*> prompts, int64_t soi, int64_t codes)
    : model_(model),
      prompts_(std::move(prompts)),
      soi_(soi),
      canvas_N_(torch::full({codes}, -1, torch::dtype(torch::kLong).device(model->device()))),
      all_(model->device(), [this] { return logits({}); }) {
  if (!model->device().is_cuda()) return;
  // Room for the picture: a recording must find the caches where it will find them later.
  for (ReadPrompt* prompt : prompts_) {
    prompt->cache.extend(prompt->length + codes + 2);
    prompt->cache.truncate(prompt->length);
  }
}

Tensor ImageStep::all(const Tensor& canvas) {
  canvas_N_.copy_(canvas);
  return all_();
}

Tensor ImageStep::at(const Tensor& places, const Tensor& canvas) {
  canvas_N_.copy_(canvas);
  return logits(places);
}

Tensor ImageStep::logits(const Tensor& places) {
  const Vocabulary& v = model_->vocabulary;
  const auto count = static_cast<int64_t>(prompts_.size()), codes = canvas_N_.size(0);
  const auto one = [&](int64_t id) { return torch::full({1}, id, canvas_N_.options()); };
  auto ids =
      torch::cat({one(v.soi), (canvas_N_ + v.image_offset).masked_fill(canvas_N_ < 0, v.mask_token),
                  one(v.eoi)});
  auto row = torch::arange(codes + 2, canvas_N_.options());  // where each stands from soi on
  if (places.defined()) {
    row = torch::cat({one(0), places + 1, one(codes + 1)});
    ids = ids.index_select(0, row);
  }
  const int64_t tokens = row.size(0);
  Sequences sequences;
  for (ReadPrompt* prompt : prompts_) {
    if (!places.defined()) prompt->cache.truncate(prompt->length);
    sequences.push_back({tokens, Visible::all(), &prompt->cache,
                         places.defined() ? row + prompt->length : Tensor()});
  }
  const auto hidden = model_->hidden(ids.repeat({count}).unsqueeze(0), sequences,
                                     (row + soi_).repeat({count}).unsqueeze(0));
  return model_->image_logits(hidden.view({count, tokens, -1}).narrow(1, 1, tokens - 2))
      .to(torch::kFloat);
}

}  // namespace showo
