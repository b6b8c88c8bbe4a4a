// The language model under Show-o (paper 3.2): embeddings, layers, a last norm, a head. It knows
// nothing of pictures; each family of models is one file with its layer (phi.cpp, llama.cpp) and
// one line in the table of backbone.cpp. Members are named by their checkpoint keys. T tokens, C
// width, V vocabulary.
#pragma once

#include "showo/core/torch.h"
#include "showo/model/config.h"
#include "showo/model/decoder_layer.h"
#include "showo/nn/layers.h"

namespace showo {

/// What a family of models has besides its layer.
struct Family {
  const char* model_type;
  std::shared_ptr<DecoderLayerImpl> (*layer)(const LlmConfig&);
  const char* final_norm;  // its key
  NormKind norm;
  bool head_bias;
};
/// Throws Error naming the model_types that are known.
const Family& family_of(const std::string& model_type, const std::string& source);

struct DecoderImpl : torch::nn::Module {
  DecoderImpl(const LlmConfig& config, int64_t vocab_size, const Family& family);
  Embedding embed_tokens;
  torch::nn::ModuleList layers;
  LayerNorm final_norm;
};
TORCH_MODULE(Decoder);

struct BackboneImpl : torch::nn::Module {
  /// `vocab_size` rows, of which the first are the language model's own.
  BackboneImpl(const LlmConfig& config, int64_t vocab_size);

  /// ids int64 [T] → [T, C] in the dtype that is computed in.
  Tensor embed(const Tensor& ids_T);
  /// Embeddings at positions int64 [T] → hidden states after the last norm, [P, C] of the wanted
  /// tokens. Inputs may be on the CPU.
  Tensor forward(Tensor x_TC, const Tensor& positions_T, Sequences sequences,
                 const Wanted& wanted = {});
  /// The same of ids.
  Tensor hidden(const Tensor& ids_T, const Tensor& positions_T, Sequences sequences,
                const Wanted& wanted = {}) {
    return forward(embed(ids_T), positions_T, std::move(sequences), wanted);
  }
  /// hidden [..., C] → logits [..., V], or of the ids first … first + count alone.
  Tensor logits(const Tensor& hidden) { return logits(hidden, 0, vocab_size); }
  Tensor logits(const Tensor& hidden, int64_t first, int64_t count);

  torch::Device device() const { return model->embed_tokens->weight.device(); }
  KvCache new_cache() const { return KvCache(config.num_hidden_layers); }
  /// For inference on a GPU.
  void join_projections();
  /// Rounds the weights of all linear layers, and the embeddings to bfloat16; for inference on the
  /// CPU. A head that is the embedding becomes one of its own. Throws Error naming a weight that is
  /// not finite, by its key after `prefix`.
  void round_weights(const LowBits& format, const std::string& prefix = "");
  /// Gives weights that a file holds rounded their shapes.
  void expect_rounded(const LowBits& format);
  /// Bytes of weights that one token reads: all but the table of embeddings.
  int64_t bytes_a_token() const;

  LlmConfig config;
  int64_t vocab_size;
  bool recompute_layers = false;  // in training: less memory, a third more time
  Decoder model{nullptr};
  Linear lm_head{nullptr};  // null: the embedding is the head too

 private:
  Tensor frequencies_;  // of the rotary embedding, on the model's device
};
TORCH_MODULE(Backbone);

}  // namespace showo
