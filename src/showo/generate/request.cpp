#include "showo/generate/request.h"

#include <ATen/core/LegacyTypeDispatch.h>

#include <algorithm>

namespace showo {
namespace {

Tensor one_after_another(const std::vector<Request>& requests, Tensor Request::*part,
                         torch::Device device) {
  if (requests.size() == 1) return requests[0].*part;
  std::vector<Tensor> parts;
  for (const Request& request : requests) parts.push_back((request.*part).to(device));
  return torch::cat(parts);
}

Tensor hidden_states(Network& network, std::vector<Request>& requests, const Wanted& wanted) {
  // What comes from the host goes over once, together.
  const bool from_device =
      std::ranges::any_of(requests, [](const Request& request) { return !request.ids.is_cpu(); });
  const torch::Device device = from_device ? network.device() : torch::Device(torch::kCPU);
  PackedRows rows;
  rows.ids_T = one_after_another(requests, &Request::ids, device);
  rows.positions_T = one_after_another(requests, &Request::positions, device);
  std::vector<Tensor> features, places;
  int64_t start = 0;
  for (Request& request : requests) {
    if (request.features.defined()) {
      features.push_back(request.features.to(network.device()));
      places.push_back(request.feature_places + start);
    }
    start += request.sequence.tokens;
    rows.sequences.push_back(std::move(request.sequence));
  }
  if (features.empty())
    return network.backbone->hidden(rows.ids_T, rows.positions_T, std::move(rows.sequences),
                                    wanted);
  TORCH_CHECK(network.showo, "features are a Show-o's alone");
  rows.feature_places = torch::cat(places);
  return network.showo->hidden(rows, torch::cat(features), wanted);
}

std::vector<int64_t> token_counts(const std::vector<Request>& requests) {
  std::vector<int64_t> tokens;
  for (const Request& request : requests) tokens.push_back(request.sequence.tokens);
  return tokens;
}

std::vector<int64_t> wanted_counts(const std::vector<Request>& requests) {
  std::vector<int64_t> tokens;
  for (const Request& request : requests) {
    const Tensor& chosen = request.chosen;
    tokens.push_back(chosen.defined() ? chosen.size(0) : request.states.length());
  }
  return tokens;
}

// Of all of a request's hidden states those that are wanted.
Tensor states_of(const Request& request, const Tensor& hidden) {
  if (request.chosen.defined()) return hidden.index_select(0, request.chosen);
  return hidden.narrow(0, request.states.begin, request.states.length());
}

std::optional<AttentionPlan> wanted_plan(const Request& request) {
  const Sequence& sequence = request.sequence;
  if (sequence.allowed.defined()) return {};
  if (!request.chosen.defined())
    return plan_of(sequence.plan, request.states, sequence.cache ? sequence.cache->length() : 0);
  if (sequence.plan.size() > 1 || sequence.plan[0].causal) return {};
  return AttentionPlan{{{0, request.chosen.size(0)}, sequence.plan[0].seen}};
}

// Of all requests; all of their tokens where these are hardly more, or where leaving some out would
// not pay: a GPU waits for the many small kernels that it takes.
Wanted wanted_of(const std::vector<Request>& requests, torch::Device device) {
  if (!device.is_cpu()) return {};
  Wanted wanted;
  std::vector<Tensor> tokens;
  int64_t start = 0, count = 0;
  for (const Request& request : requests) {
    auto plan = wanted_plan(request);
    if (!plan) return {};
    wanted.plans.push_back(std::move(*plan));
    tokens.push_back(request.chosen.defined()
                         ? request.chosen + start
                         : torch::arange(start + request.states.begin, start + request.states.end));
    start += request.sequence.tokens;
    count += tokens.back().size(0);
  }
  if (count + count / 8 >= start) return {};
  wanted.tokens_P = torch::cat(tokens);
  return wanted;
}

}  // namespace

int64_t Network::cache_bytes_a_token() const {
  const auto bytes =
      static_cast<int64_t>(c10::elementSize(backbone->model->final_norm->weight.scalar_type()));
  return 2 * llm().num_hidden_layers * llm().key_heads() * llm().head_size() * bytes;
}

std::vector<Tensor> compute(Network network, std::vector<Request> requests) {
  torch::NoGradGuard no_grad;
  const at::AutoDispatchBelowADInplaceOrView no_views;  // nobody asks which tensor is whose view
  const Wanted wanted = wanted_of(requests, network.device());
  std::vector<Tensor> states(requests.size());
  {
    const auto tokens = token_counts(requests);
    const Tensor hidden = hidden_states(network, requests, wanted);
    const auto parts = hidden.split_with_sizes(wanted.all() ? tokens : wanted_counts(requests));
    for (size_t i = 0; i < requests.size(); ++i)
      states[i] = wanted.all() ? states_of(requests[i], parts[i]) : parts[i];
  }
  std::vector<Tensor> results(requests.size());
  for (const bool codes : {true, false}) {
    std::vector<Tensor> rows;
    std::vector<int64_t> sizes;
    std::vector<Tensor*> to;
    for (size_t i = 0; i < requests.size(); ++i) {
      if (requests[i].codes != codes || states[i].size(0) == 0) continue;
      rows.push_back(states[i]);
      sizes.push_back(states[i].size(0));
      to.push_back(&results[i]);
    }
    if (rows.empty()) continue;
    const Tensor all = rows.size() == 1 ? rows[0] : torch::cat(rows);
    const Tensor logits = codes ? network.showo->image_logits(all).to(torch::kFloat)
                                : network.backbone->logits(all).to(torch::kCPU, torch::kFloat);
    const auto parts = logits.split_with_sizes(sizes);
    for (size_t i = 0; i < to.size(); ++i) *to[i] = parts[i];
  }
  return results;
}

}  // namespace showo
