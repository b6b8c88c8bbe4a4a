#include "showo/generate/token_step.h"

namespace showo {

TokenStep::TokenStep(const Backbone& model, Context& context, int64_t room)
    : model_(model), cache_(context.cache), room_(room), start_(context.cache.length()) {
  const auto on_device = torch::dtype(torch::kLong).device(model_->device());
  const auto& last = context.row.segments.back();
  id_ = torch::zeros({1}, on_device);
  place_ = torch::full({1}, start_, on_device);
  position_ = torch::full({1}, last.position + start_ - last.begin, on_device);
}

TokenStep::~TokenStep() { cache_.truncate(start_ + written_); }

void TokenStep::make_room() {
  logits_.reset();  // its recording holds the memory that is left behind
  cache_.extend(cache_.length() + room_);
  logits_.emplace(model_->device(), [this] { return logits(); });
}

Tensor TokenStep::operator()(int64_t token) {
  if (written_++ % room_ == 0) make_room();
  id_.fill_(token);
  const auto logits = (*logits_)();
  place_.add_(1);
  position_.add_(1);
  return logits[0].to(torch::kCPU, torch::kFloat);
}

Tensor TokenStep::logits() {
  const auto seen = torch::arange(cache_.length(), place_.options()) <= place_;
  Sequences sequences = {{1, {}, &cache_, place_, seen.unsqueeze(0)}};
  return model_->logits(model_->hidden(id_, position_, std::move(sequences)));
}

}  // namespace showo
