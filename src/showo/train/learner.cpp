#include "showo/train/learner.h"

#include <algorithm>

namespace showo {
namespace {

std::vector<std::string> trained_names(const torch::nn::Module& module) {
  std::vector<std::string> names;
  for (const auto& item : module.named_parameters()) {
    if (item.value().requires_grad()) names.push_back(item.key());
  }
  return names;
}

std::vector<torch::Tensor> trained_parameters(const torch::nn::Module& module) {
  auto parameters = module.parameters();
  std::erase_if(parameters, [](const torch::Tensor& p) { return !p.requires_grad(); });
  return parameters;
}

std::vector<std::string> owned(const std::vector<std::string>& names,
                               const std::vector<int>& owners, int rank) {
  if (owners.empty()) return names;
  std::vector<std::string> mine;
  for (size_t i = 0; i < names.size(); ++i) {
    if (owners[i] == rank) mine.push_back(names[i]);
  }
  return mine;
}

bool begins_with_one_of(const std::string& name, const std::vector<std::string>& prefixes) {
  return std::ranges::any_of(prefixes, [&](const auto& p) { return name.starts_with(p); });
}

void check_prefixes(const char* key, const std::vector<std::string>& prefixes,
                    const std::vector<std::string>& names) {
  for (const auto& prefix : prefixes) {
    if (std::ranges::none_of(names, [&](const auto& name) { return name.starts_with(prefix); })) {
      fail("recipe: {}: no parameter's name begins with '{}'; the first is '{}'", key, prefix,
           names.front());
    }
  }
}

}  // namespace

void choose_trained(torch::nn::Module& module, const std::vector<std::string>& train,
                    const std::vector<std::string>& freeze) {
  auto parameters = module.named_parameters();
  check_prefixes("train", train, parameters.keys());
  check_prefixes("freeze", freeze, parameters.keys());
  bool any = false;
  for (auto& item : parameters) {
    const bool learns = (train.empty() || begins_with_one_of(item.key(), train)) &&
                        !begins_with_one_of(item.key(), freeze);
    item.value().requires_grad_(learns);
    any |= learns;
  }
  if (!any) fail("recipe: freeze: no parameter is left to learn");
}

Learner::Learner(torch::nn::Module& module, const OptimizerOptions& optimizer,
                 const TrainerPlace& place, const Options& options)
    : module_(module),
      options_(optimizer),
      place_(place),
      names_(trained_names(module)),
      parameters_(trained_parameters(module)),
      owners_(options.share_out && place.group.size() > 1
                  ? assign_owners(parameters_, place.group.size())
                  : std::vector<int>{}),
      optimizer_(module, optimizer, owned(names_, owners_, place.group.rank()), options.bf16),
      reducer_(parameters_, place.group),
      guard_(options.what) {}

double Learner::gradients(const std::vector<Loss>& losses) {
  zero_gradients(parameters_);
  const Autocast casts(false, place_.device.type());  // weights are cast once for all losses
  for (size_t i = 0; i < losses.size(); ++i) {
    const auto loss = losses[i]();
    if (i + 1 == losses.size()) reducer_.arm();
    if (loss.requires_grad()) loss.backward();
  }
  reducer_.finish();
  return clip_gradients(parameters_, options_.clip);
}

bool Learner::step(double norm, int64_t step, int64_t total) {
  if (!guard_.passes(norm, step + 1, module_)) return false;
  optimizer_.step(learning_rate(options_, step, total));
  if (!owners_.empty()) exchange_parameters(parameters_, owners_, place_.group);
  return true;
}

TensorMap Learner::state() {
  TensorMap state = optimizer_.state();
  if (owners_.empty()) return state;
  Group& group = place_.group;
  TensorMap whole;
  for (size_t i = 0; i < names_.size(); ++i) {
    for (const std::string kind : {"mean.", "square.", "step."}) {
      const std::string name = kind + names_[i];
      if (kind == "square." && takes_muon(options_, names_[i], parameters_[i])) continue;
      auto tensor = owners_[i] == group.rank() ? state.at(name)
                    : kind == "step."
                        ? torch::zeros({}, parameters_[i].options().dtype(torch::kFloat))
                        : torch::zeros_like(parameters_[i]);
      group.broadcast(tensor, owners_[i]);
      if (group.leads()) whole[name] = tensor.cpu();
    }
  }
  return whole;
}

}  // namespace showo
