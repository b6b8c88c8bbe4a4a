#include "showo/train/ema.h"

#include "showo/core/error.h"
#include "showo/train/restore.h"

namespace showo {

Ema::Ema(const torch::nn::Module& module, double decay) : decay_(decay) {
  if (!(decay >= 0 && decay < 1)) fail("recipe: ema {}: expected 0 to below 1", decay);
  if (!enabled()) return;
  for (const auto& item : module.named_parameters()) {
    if (!item.value().requires_grad()) continue;
    names_.push_back(item.key());
    weights_.push_back(item.value());
    averages_.push_back(item.value().detach().clone());
  }
}

void Ema::update() {
  if (!enabled()) return;
  torch::NoGradGuard no_grad;
  at::_foreach_lerp_(averages_, weights_, 1 - decay_);
}

TensorMap Ema::state() const {
  TensorMap state;
  for (size_t i = 0; i < names_.size(); ++i) state["ema." + names_[i]] = averages_[i];
  return state;
}

void Ema::load_state(const TensorMap& state, const std::string& source) {
  restore(this->state(), state, source);
}

void Ema::swap() {
  // The storages change places; whoever holds a weight sees the average.
  for (size_t i = 0; i < weights_.size(); ++i) {
    const auto weight = weights_[i].detach().alias();
    weights_[i].set_data(averages_[i]);
    averages_[i] = weight;
  }
}

}  // namespace showo
