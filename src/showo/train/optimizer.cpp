#include "showo/train/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "showo/core/device.h"
#include "showo/train/muon.h"
#include "showo/train/restore.h"

namespace showo {

double learning_rate(const OptimizerOptions& options, int64_t step, int64_t total) {
  if (step < options.warmup_steps)
    return options.lr * (step + 1) / static_cast<double>(options.warmup_steps);
  const double span = std::max<int64_t>(total - options.warmup_steps, 1);
  const double progress = std::min(1.0, (step - options.warmup_steps) / span);
  return options.min_lr +
         (options.lr - options.min_lr) * 0.5 * (1 + std::cos(std::numbers::pi * progress));
}

namespace {

bool contains_one_of(const std::string& name, const std::vector<std::string>& words) {
  return std::ranges::any_of(
      words, [&](const auto& word) { return name.find(word) != std::string::npos; });
}

}  // namespace

bool takes_muon(const OptimizerOptions& options, const std::string& name,
                const torch::Tensor& parameter) {
  return parameter.dim() >= 2 && contains_one_of(name, options.muon);
}

AdamW::AdamW(const torch::nn::Module& module, OptimizerOptions options,
             const std::optional<std::vector<std::string>>& names, bool bf16)
    : options_(std::move(options)), bf16_(bf16) {
  for (const auto& item : module.named_parameters()) {
    if (names && std::ranges::find(*names, item.key()) == names->end()) continue;
    const auto& parameter = item.value();
    const bool muon = takes_muon(options_, item.key(), parameter);
    slots_.push_back({item.key(), parameter, torch::zeros_like(parameter),
                      muon ? torch::Tensor() : torch::zeros_like(parameter),
                      torch::zeros({}, parameter.options().dtype(torch::kFloat)),
                      !contains_one_of(item.key(), options_.no_decay), muon});
  }
}

void zero_gradients(std::vector<torch::Tensor>& parameters) {
  for (auto& parameter : parameters) parameter.mutable_grad().reset();
}

double clip_gradients(const std::vector<torch::Tensor>& parameters, double most) {
  std::vector<torch::Tensor> gradients;
  for (const auto& parameter : parameters) {
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  }
  if (gradients.empty()) return 0;
  torch::NoGradGuard no_grad;
  const double norm = torch::stack(at::_foreach_norm(gradients)).norm().item<double>();
  if (most > 0 && norm > most) at::_foreach_mul_(gradients, most / norm);
  return norm;
}

void AdamW::zero_grad() {
  for (auto& slot : slots_) slot.parameter.mutable_grad().reset();
}

double AdamW::clip() {
  std::vector<torch::Tensor> parameters;
  for (auto& slot : slots_) parameters.push_back(slot.parameter);
  return clip_gradients(parameters, options_.clip);
}

AdamW::Group AdamW::group(bool muon, bool decays) {
  Group group;
  for (auto& slot : slots_) {
    if (slot.muon != muon || slot.decays != decays || !slot.parameter.grad().defined()) continue;
    group.parameters.push_back(slot.parameter);
    group.gradients.push_back(slot.parameter.grad());
    group.means.push_back(slot.mean);
    group.squares.push_back(slot.square);
    group.steps.push_back(slot.step);
  }
  return group;
}

void AdamW::step(double lr) {
  torch::NoGradGuard no_grad;
  for (const bool decays : {true, false}) {
    const double decay = decays ? options_.weight_decay : 0;
    const Group adamw = group(/*muon=*/false, decays), muon = group(/*muon=*/true, decays);
    if (!muon.parameters.empty()) {
      const auto device = muon.parameters.front().device().type();
      muon_step(muon.parameters, muon.gradients, muon.means, lr, decay,
                bf16_ && multiplies_bf16(device) ? torch::kBFloat16 : torch::kFloat);
    }
    if (adamw.parameters.empty()) continue;
    at::_foreach_add_(adamw.steps, 1);
    at::_fused_adamw_(adamw.parameters, adamw.gradients, adamw.means, adamw.squares, {},
                      adamw.steps, lr, options_.beta1, options_.beta2, decay, options_.eps,
                      /*amsgrad=*/false, /*maximize=*/false);
  }
}

TensorMap AdamW::state() const {
  TensorMap state;
  for (const auto& slot : slots_) {
    state["mean." + slot.name] = slot.mean;
    if (!slot.muon) state["square." + slot.name] = slot.square;
    state["step." + slot.name] = slot.step;
  }
  return state;
}

void AdamW::load_state(const TensorMap& state, const std::string& source) {
  restore(this->state(), state, source);
}

}  // namespace showo
