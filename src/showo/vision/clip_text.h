// CLIP's text transformer: every token sees those before it, and the text is what its first end
// token has become. Members are named by the keys of transformers' checkpoints. B texts, T tokens,
// C width.
#pragma once

#include "showo/text/tokenizer.h"
#include "showo/vision/clip_encoder.h"

namespace showo {

struct ClipTextEmbeddingsImpl : torch::nn::Module {
  explicit ClipTextEmbeddingsImpl(const ClipTextConfig& config);
  Tensor forward(const Tensor& ids_BT);  // [B, T, C]
  Embedding token_embedding, position_embedding;
};
TORCH_MODULE(ClipTextEmbeddings);

struct ClipTextImpl : torch::nn::Module {
  explicit ClipTextImpl(const ClipTextConfig& config);
  /// int64 ids as clip_text_ids makes them, T at most max_position_embeddings → [B, C].
  Tensor pooled(const Tensor& ids_BT);
  ClipTextConfig config;
  ClipTextEmbeddings embeddings;
  ClipEncoder encoder;
  LayerNorm final_layer_norm;
};
TORCH_MODULE(ClipText);

/// Texts as ids with the end token behind each, and before each the one that begins texts where the
/// tokenizer has another for that, as CLIP's own; cut so that all fits into
/// max_position_embeddings; shorter ones are filled up with end tokens, which change nothing →
/// int64 [B, T] on the CPU. Sets `cut` for each text that lost something.
Tensor clip_text_ids(const Tokenizer& tokenizer, const std::vector<std::string>& texts,
                     const ClipTextConfig& config, std::vector<bool>* cut = nullptr);

}  // namespace showo
