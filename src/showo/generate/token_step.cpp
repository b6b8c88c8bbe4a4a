#include "showo/generate/token_step.h"

namespace showo {

TokenStep::TokenStep(Showo& model, std::vector<KvCache*> caches, int64_t most)
    : model_(model),
      caches_(std::move(caches)),
      logits_(model->device(), [this] { return logits(); }) {
  for (KvCache* cache : caches_) {
    starts_.push_back(cache->length());
    cache->extend(cache->length() + most);
    rooms_.push_back(cache->length());
  }
  positions_ = torch::tensor(starts_).unsqueeze(0).to(model->device());
  ids_ = torch::zeros_like(positions_);
}

TokenStep::~TokenStep() {
  for (size_t i = 0; i < caches_.size(); ++i) caches_[i]->truncate(starts_[i]);
}

Tensor TokenStep::operator()(const std::vector<int64_t>& tokens) {
  ids_.copy_(torch::tensor(tokens).unsqueeze(0));
  const auto logits = logits_();
  positions_.add_(1);
  return logits.to(torch::kCPU, torch::kFloat);
}

Tensor TokenStep::logits() {
  Sequences sequences;
  for (size_t i = 0; i < caches_.size(); ++i) {
    const auto place = positions_[0].narrow(0, static_cast<int64_t>(i), 1);
    const auto seen = torch::arange(rooms_[i], place.options()) <= place;
    sequences.push_back({1, Visible::only(seen.view({1, 1, 1, -1})), caches_[i], place});
  }
  return model_->logits(model_->hidden(ids_, std::move(sequences), positions_)[0]);
}

}  // namespace showo
