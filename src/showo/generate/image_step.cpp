#include "showo/generate/image_step.h"

#include "showo/prompt/omni_attention.h"

namespace showo {

ReadPrompt::ReadPrompt(Showo& model, const Row& row)
    : ids(row.ids), text{without_pads(row), model->new_cache()}, picture(row.picture()) {
  Row& before = text.row;
  picture.begin = before.picture().begin;
  before.segments.pop_back();  // the picture, which a row that is drawn ends with
  before.ids.resize(picture.begin);
  before.labels.clear();
  const PackedRows rows = pack({before}, {&text.cache});
  model->hidden(rows);
}

ImageStep::ImageStep(Showo& model, std::vector<ReadPrompt*> prompts, int64_t codes)
    : model_(model),
      prompts_(std::move(prompts)),
      canvas_N_(torch::full({codes}, -1, torch::dtype(torch::kLong).device(model->device()))),
      all_(model->device(), [this] { return logits({}); }) {
  if (!model->device().is_cuda()) return;
  // Room for the picture: a recording must find the caches where it will find them later.
  for (ReadPrompt* prompt : prompts_) {
    prompt->text.cache.extend(prompt->picture.end());
    prompt->text.cache.truncate(prompt->picture.begin);
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
  std::vector<Tensor> positions;
  for (ReadPrompt* prompt : prompts_) {
    auto& [text, cache] = prompt->text;
    auto segments = text.segments;
    segments.push_back(prompt->picture);
    if (places.defined()) {  // some of the picture's tokens, which see what all of them see
      sequences.push_back(
          {tokens, open_plan(tokens, prompt->picture.end()), &cache, row + prompt->picture.begin});
    } else {
      cache.truncate(prompt->picture.begin);
      sequences.push_back({tokens, attention_plan(segments, prompt->picture.begin), &cache});
    }
    positions.push_back(row + prompt->picture.position);
  }
  const auto hidden =
      model_->hidden(ids.repeat({count}), torch::cat(positions), std::move(sequences));
  return model_->image_logits(hidden.view({count, tokens, -1}).narrow(1, 1, tokens - 2))
      .to(torch::kFloat);
}

}  // namespace showo
