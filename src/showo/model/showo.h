// Show-o (arXiv 2408.12528): one language model whose vocabulary holds text, special tokens, image
// codes and the mask token. B rows, T tokens, C width, K codes.
#pragma once

#include "showo/model/phi.h"
#include "showo/prompt/prompting.h"

namespace showo {

struct ShowoImpl : torch::nn::Module {
  ShowoImpl(const ShowoConfig& config, const LlmConfig& llm);

  /// ids [B, T] at positions [B, T] → hidden states [B, T, C] on the model's device; the inputs may
  /// be on the CPU.
  Tensor hidden(const Tensor& ids_BT, Sequences sequences, const Tensor& positions_BT);
  /// Of one sequence a row; positions undefined: from the cache's length on.
  Tensor hidden(const Tensor& ids_BT, const Visible& visible, KvCache* cache = nullptr,
                Tensor positions_BT = {});
  /// Over the whole vocabulary, for any rows [..., C].
  Tensor logits(const Tensor& hidden) { return showo->lm_head(hidden); }
  /// Over the image codes alone: [..., C] → [..., K].
  Tensor image_logits(const Tensor& hidden);
  torch::Device device() const { return showo->lm_head->bias.device(); }
  /// Rounds the weights of all linear layers, and the embeddings to bfloat16; for inference on the
  /// CPU. Throws Error naming a weight that is not finite.
  void round_weights(const LowBits& format);
  /// For inference on a GPU: PhiAttention::join_projections in every layer.
  void join_projections();
  KvCache new_cache() const { return KvCache(llm_config.num_hidden_layers); }

  ShowoConfig config;
  LlmConfig llm_config;
  Vocabulary vocabulary;
  PhiForCausalLM showo;
  std::optional<LowBits> low_bits;  // how the linear layers' weights are rounded
};
TORCH_MODULE(Showo);

/// Normal(0, 0.02) weights, zero biases, norms at one. The rows of an image code in embedding and
/// head are the sum of one shared vector a sign bit, so that codes that look alike start alike.
void initialise_showo(Showo model, uint64_t seed);

}  // namespace showo
