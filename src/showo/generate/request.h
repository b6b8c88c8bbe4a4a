// What is wanted of the model next, of any number of sequences: they lie side by side and are
// computed in one pass. V vocabulary, K codes.
#pragma once

#include <vector>

#include "showo/model/showo.h"

namespace showo {

/// What computes: a Show-o, or a language model alone.
struct Network {
  Network(const Showo& model) : showo(model), backbone(model->showo) {}  // NOLINT: either serves
  Network(const Backbone& model) : backbone(model) {}                    // NOLINT
  torch::Device device() const { return backbone->device(); }
  const LlmConfig& llm() const { return backbone->config; }
  /// Bytes of keys and values that a token leaves in a cache.
  int64_t cache_bytes_a_token() const;

  Showo showo{nullptr};
  Backbone backbone;
};

/// Some tokens of one sequence.
struct Request {
  Tensor ids, positions;  // int64 [tokens], on the CPU or the model's device
  Sequence sequence;
  Span states{};            // of these tokens the logits are wanted
  bool codes = false;       // logits of the image codes alone
  Tensor chosen{};          // int64 [P], instead of `states`: of tokens that all see the same
  Tensor features{};        // [F, width] that stand in place of embeddings
  Tensor feature_places{};  // int64 [F]: of these tokens
};

/// One pass → of each request the logits that are wanted, fp32: [P, V] on the CPU, or of codes
/// [P, K] on the model's device, which is not waited for. On CPUs the last layer computes no more
/// than these need.
std::vector<Tensor> compute(Network network, std::vector<Request> requests);

}  // namespace showo
