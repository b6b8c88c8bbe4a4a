// Show-o (arXiv 2408.12528): one language model whose vocabulary holds text, special tokens, image
// codes and the mask token; pictures that it is asked about may instead come as features through a
// projector. T tokens, C width, K codes.
#pragma once

#include "showo/model/backbone.h"
#include "showo/model/packed_rows.h"
#include "showo/prompt/prompting.h"

namespace showo {

/// From a tower's features to embeddings: two layers with a gelu between (LLaVA-1.5, arXiv
/// 2310.03744, as the published checkpoints have it). Its keys are "0" and "2".
struct ProjectorImpl : torch::nn::Module {
  ProjectorImpl(int64_t feature_width, int64_t width);
  /// [..., feature_width] → [..., width].
  Tensor forward(const Tensor& features);
  Linear first, second;
};
TORCH_MODULE(Projector);

struct ShowoImpl : torch::nn::Module {
  ShowoImpl(const ShowoConfig& config, const LlmConfig& llm);

  /// Rows side by side → hidden states [T, C] on the model's device; the inputs may be on the CPU.
  /// `features` [F, feature_width], those of the rows' pictures one after another, if they have
  /// any. [P, C] where only some tokens are wanted.
  Tensor hidden(const PackedRows& rows, const Tensor& features = {}, const Wanted& wanted = {});
  Tensor hidden(const Tensor& ids_T, const Tensor& positions_T, Sequences sequences) {
    return showo->hidden(ids_T, positions_T, std::move(sequences));
  }
  /// Sees pictures as another configuration says (vision, magvit_features, feature_width) from now
  /// on, by a new projector where those are features.
  void see_by(const ShowoConfig& other, uint64_t seed);
  /// Over the whole vocabulary, for any rows [..., C].
  Tensor logits(const Tensor& hidden) { return showo->logits(hidden); }
  /// Over the image codes alone: [..., C] → [..., K].
  Tensor image_logits(const Tensor& hidden) {
    return showo->logits(hidden, vocabulary.image_offset, vocabulary.codebook_size);
  }
  torch::Device device() const { return showo->device(); }
  /// Rounds the weights of all linear layers, and the embeddings to bfloat16; for inference on the
  /// CPU. Throws Error naming a weight that is not finite.
  void round_weights(const LowBits& format);
  /// Gives weights that a file holds rounded their shapes.
  void expect_rounded(const LowBits& format);
  KvCache new_cache() const { return showo->new_cache(); }
  const LlmConfig& llm_config() const { return showo->config; }
  /// Rows as this model reads them.
  Prompting prompting() const { return {vocabulary, config.text_tokens, config.attends()}; }

  ShowoConfig config;
  Vocabulary vocabulary;
  Backbone showo;
  Projector mm_projector{nullptr};  // null: pictures are seen as codes
  std::optional<LowBits> low_bits;  // how the linear layers' weights are rounded
};
TORCH_MODULE(Showo);

/// Normal(0, 0.02) weights, zero biases, norms at one. The rows of an image code in embedding and
/// head are the sum of one shared vector a sign bit, so that codes that look alike start alike.
void initialise_showo(Showo model, uint64_t seed);

}  // namespace showo
