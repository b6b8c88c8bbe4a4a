#include "showo/generate/token_step.h"

namespace showo {

TokenStep::TokenStep(Backbone& model, std::vector<Context*> texts, int64_t room)
    : model_(model), room_(room) {
  std::vector<int64_t> positions;
  for (Context* text : texts) {
    caches_.push_back(&text->cache);
    starts_.push_back(text->cache.length());
    positions.push_back(text->next_position());
  }
  places_ = torch::tensor(starts_).to(model->device());
  positions_ = torch::tensor(positions).to(model->device());
  ids_ = torch::zeros_like(positions_);
}

TokenStep::~TokenStep() {
  for (size_t i = 0; i < caches_.size(); ++i) caches_[i]->truncate(starts_[i]);
}

void TokenStep::make_room() {
  logits_.reset();  // its recording holds the memory that is left behind
  for (KvCache* cache : caches_) cache->extend(cache->length() + room_);
  logits_.emplace(model_->device(), [this] { return logits(); });
}

Tensor TokenStep::operator()(const std::vector<int64_t>& tokens) {
  if (written_++ % room_ == 0) make_room();
  ids_.copy_(torch::tensor(tokens));
  const auto logits = (*logits_)();
  places_.add_(1);
  positions_.add_(1);
  return logits.to(torch::kCPU, torch::kFloat);
}

Tensor TokenStep::logits() {
  Sequences sequences;
  for (size_t i = 0; i < caches_.size(); ++i) {
    const auto place = places_.narrow(0, static_cast<int64_t>(i), 1);
    const auto seen = torch::arange(caches_[i]->length(), place.options()) <= place;
    sequences.push_back({1, {}, caches_[i], place, seen.unsqueeze(0)});
  }
  return model_->logits(model_->hidden(ids_, positions_, std::move(sequences)));
}

}  // namespace showo
