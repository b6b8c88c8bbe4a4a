#include "showo/generate/token_step.h"

namespace showo {

TokenStep::TokenStep(Showo& model, std::vector<KvCache*> caches, int64_t room)
    : model_(model), caches_(std::move(caches)), room_(room) {
  for (const KvCache* cache : caches_) starts_.push_back(cache->length());
  positions_ = torch::tensor(starts_).unsqueeze(0).to(model->device());
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
  ids_.copy_(torch::tensor(tokens).unsqueeze(0));
  const auto logits = (*logits_)();
  positions_.add_(1);
  return logits.to(torch::kCPU, torch::kFloat);
}

Tensor TokenStep::logits() {
  Sequences sequences;
  for (size_t i = 0; i < caches_.size(); ++i) {
    const auto place = positions_[0].narrow(0, static_cast<int64_t>(i), 1);
    const auto seen = torch::arange(caches_[i]->length(), place.options()) <= place;
    sequences.push_back({1, Visible::only(seen.view({1, 1, 1, -1})), caches_[i], place});
  }
  return model_->logits(model_->hidden(ids_, std::move(sequences), positions_)[0]);
}

}  // namespace showo
