#include "showo/dist/gradient_reducer.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <numeric>

namespace showo {

struct GradientReducer::Hook : torch::autograd::PostAccumulateGradHook {
  Hook(GradientReducer& reducer, size_t parameter) : reducer(reducer), parameter(parameter) {}
  void operator()(const at::Tensor&) override { reducer.on_gradient(parameter); }
  GradientReducer& reducer;
  size_t parameter;
};

GradientReducer::GradientReducer(std::vector<at::Tensor> parameters, Group group,
                                 int64_t bucket_bytes)
    : parameters_(std::move(parameters)), group_(std::move(group)), bucket_of_(parameters_.size()) {
  if (group_.size() == 1) return;
  int64_t filled = bucket_bytes;
  for (size_t i = parameters_.size(); i-- > 0;) {
    if (filled >= bucket_bytes) {
      buckets_.emplace_back();
      filled = 0;
    }
    buckets_.back().members.push_back(i);
    bucket_of_[i] = buckets_.size() - 1;
    filled += static_cast<int64_t>(parameters_[i].nbytes());
    torch::autograd::impl::set_post_acc_grad_hooks(parameters_[i],
                                                   std::make_unique<Hook>(*this, i));
  }
}

GradientReducer::~GradientReducer() {
  if (group_.size() == 1) return;
  for (auto& parameter : parameters_)
    torch::autograd::impl::set_post_acc_grad_hooks(parameter, nullptr);
}

void GradientReducer::arm() {
  if (group_.size() == 1) return;
  next_ = 0;
  for (auto& bucket : buckets_) bucket.ready = 0;
  armed_ = true;
}

void GradientReducer::on_gradient(size_t parameter) {
  if (!armed_) return;
  ++buckets_[bucket_of_[parameter]].ready;
  while (next_ < buckets_.size() && buckets_[next_].ready == buckets_[next_].members.size())
    send(buckets_[next_++]);
}

void GradientReducer::send(Bucket& bucket) {
  at::NoGradGuard no_grad;
  std::vector<at::Tensor> parts;
  for (size_t i : bucket.members) {
    const auto& gradient = parameters_[i].grad();
    parts.push_back(gradient.defined()
                        ? gradient.flatten()
                        : at::zeros({parameters_[i].numel()}, parameters_[i].options()));
  }
  bucket.flat = at::cat(parts);
  bucket.wait = group_.begin_sum(bucket.flat);
}

void GradientReducer::finish() {
  if (group_.size() == 1) return;
  at::NoGradGuard no_grad;
  armed_ = false;
  while (next_ < buckets_.size()) send(buckets_[next_++]);
  for (auto& bucket : buckets_) {
    bucket.wait();
    int64_t at = 0;
    for (size_t i : bucket.members) {
      const auto& parameter = parameters_[i];
      auto sum = bucket.flat.narrow(0, at, parameter.numel()).view(parameter.sizes());
      at += parameter.numel();
      auto& gradient = parameters_[i].mutable_grad();
      if (gradient.defined())
        gradient.copy_(sum);
      else
        gradient = sum.clone();
    }
    bucket.flat.reset();
  }
}

std::vector<int> assign_owners(const std::vector<at::Tensor>& parameters, int processes) {
  std::vector<size_t> order(parameters.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(
      order, [&](size_t a, size_t b) { return parameters[a].numel() > parameters[b].numel(); });
  std::vector<int64_t> load(processes);
  std::vector<int> owners(parameters.size());
  for (size_t i : order) {
    const auto least = std::ranges::min_element(load);
    *least += parameters[i].numel();
    owners[i] = static_cast<int>(least - load.begin());
  }
  return owners;
}

void exchange_parameters(const std::vector<at::Tensor>& parameters, const std::vector<int>& owners,
                         Group& group) {
  at::NoGradGuard no_grad;
  for (int root = 0; root < group.size() && group.size() > 1; ++root) {
    std::vector<at::Tensor> own, parts;
    for (size_t i = 0; i < parameters.size(); ++i) {
      if (owners[i] == root) own.push_back(parameters[i]);
    }
    if (own.empty()) continue;
    for (const auto& tensor : own) parts.push_back(tensor.detach().flatten());
    auto flat = at::cat(parts);
    group.broadcast(flat, root);
    if (root == group.rank()) continue;
    int64_t at = 0;
    for (auto& tensor : own) {
      tensor.copy_(flat.narrow(0, at, tensor.numel()).view(tensor.sizes()));
      at += tensor.numel();
    }
  }
}

}  // namespace showo
