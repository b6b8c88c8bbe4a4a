#include "showo/generate/request.h"

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

Tensor hidden_states(Network& network, std::vector<Request>& requests) {
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
    return network.backbone->hidden(rows.ids_T, rows.positions_T, std::move(rows.sequences));
  TORCH_CHECK(network.showo, "features are a Show-o's alone");
  rows.feature_places = torch::cat(places);
  return network.showo->hidden(rows, torch::cat(features));
}

}  // namespace

int64_t Network::cache_bytes_a_token() const {
  const auto bytes =
      static_cast<int64_t>(c10::elementSize(backbone->model->final_norm->weight.scalar_type()));
  return 2 * llm().num_hidden_layers * llm().key_heads() * llm().head_size() * bytes;
}

std::vector<Tensor> compute(Network network, std::vector<Request> requests) {
  torch::NoGradGuard no_grad;
  std::vector<int64_t> starts;
  int64_t start = 0;
  for (const Request& request : requests) {
    starts.push_back(start);
    start += request.sequence.tokens;
  }
  const Tensor hidden = hidden_states(network, requests);
  std::vector<Tensor> results(requests.size());
  for (const bool codes : {true, false}) {
    std::vector<Tensor> states;
    std::vector<int64_t> sizes;
    for (size_t i = 0; i < requests.size(); ++i) {
      const Span& wanted = requests[i].states;
      if (requests[i].codes != codes || wanted.length() == 0) continue;
      states.push_back(hidden.narrow(0, starts[i] + wanted.begin, wanted.length()));
      sizes.push_back(wanted.length());
    }
    if (states.empty()) continue;
    const Tensor rows = states.size() == 1 ? states[0] : torch::cat(states);
    const Tensor logits = codes ? network.showo->image_logits(rows).to(torch::kFloat)
                                : network.backbone->logits(rows).to(torch::kCPU, torch::kFloat);
    const auto parts = logits.split_with_sizes(sizes);
    size_t next = 0;
    for (size_t i = 0; i < requests.size(); ++i) {
      if (requests[i].codes == codes && requests[i].states.length() > 0) results[i] = parts[next++];
    }
  }
  return results;
}

}  // namespace showo
