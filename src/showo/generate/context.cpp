#include "showo/generate/context.h"

#include <algorithm>

namespace showo {

Row beginning_of(const Row& row, int64_t tokens) {
  Row result;
  result.task = row.task;
  result.ids.assign(row.ids.begin(), row.ids.begin() + std::min(tokens, std::ssize(row.ids)));
  for (Segment segment : row.segments) {
    if (segment.begin >= tokens) break;
    segment.length = std::min(segment.length, tokens - segment.begin);
    result.segments.push_back(segment);
  }
  return result;
}

Request reading(Context& context, bool logits, const Tensor& features) {
  PackedRows rows = pack({context.row}, {&context.cache});
  const int64_t tokens = rows.ids_T.size(0);
  Request request{rows.ids_T, rows.positions_T, std::move(rows.sequences[0])};
  if (logits) request.states = {tokens - 1, tokens};
  if (const int64_t count = rows.feature_places.numel(); count > 0) {
    TORCH_CHECK(features.defined() && features.size(0) >= count,
                "the row's pictures are features, which the model must see");
    request.features = features.narrow(0, features.size(0) - count, count);
    request.feature_places = rows.feature_places;
  }
  return request;
}

Tensor read(Network network, const std::vector<Context*>& contexts, const Tensor& features) {
  std::vector<Request> requests;
  for (Context* context : contexts) requests.push_back(reading(*context, true, features));
  return torch::cat(compute(network, std::move(requests)));
}

}  // namespace showo
