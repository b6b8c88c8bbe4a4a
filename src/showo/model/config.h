// The dimensions of the language model and of Show-o around it, from their config.json files.
#pragma once

#include "showo/core/config.h"
#include "showo/prompt/prompting.h"

namespace showo {

/// A stretching of the rotary embedding for longer texts than the model was trained with.
struct RopeScaling {
  std::string rope_type = "default";
  double factor = 1, low_freq_factor = 1, high_freq_factor = 4;
  int64_t original_max_position_embeddings = 8192;
  template <class V>
  void visit(V& v) {
    v(rope_type, "rope_type", "default (none), linear (positions over the factor) or llama3");
    v(factor, "factor", "by how much texts become longer", between(1, 1 << 16));
    v(low_freq_factor, "low_freq_factor", "llama3: slower angles than this are stretched whole",
      above(0, 1 << 16));
    v(high_freq_factor, "high_freq_factor", "llama3: faster angles than this stay",
      above(0, 1 << 16));
    v(original_max_position_embeddings, "original_max_position_embeddings",
      "llama3: positions before the stretching", between(1, 1 << 24));
  }
};

/// A language model's config.json; the defaults are phi-1.5's. What a family (backbone.h) has no
/// use for is left at its default.
struct LlmConfig {
  std::string model_type = "phi";
  int64_t vocab_size = 51200, hidden_size = 2048, intermediate_size = 8192, num_hidden_layers = 24;
  int64_t num_attention_heads = 32, num_key_value_heads = 0, head_dim = 0;
  int64_t max_position_embeddings = 2048;
  double partial_rotary_factor = 0.5, rope_theta = 10000, layer_norm_eps = 1e-5,
         rms_norm_eps = 1e-6;
  RopeScaling rope_scaling;
  std::string qk_norm;
  bool attention_bias = false, tie_word_embeddings = false;
  int64_t bos_token_id = 50256, eos_token_id = 50256;
  std::vector<int64_t> other_eos_token_ids;  // that end a text too, as a file's list may say
  template <class V>
  void visit(V& v) {
    v(model_type, "model_type", "family: phi, llama, qwen2 or qwen3");
    v(vocab_size, "vocab_size", "rows of the model's own embedding", between(1, 10'000'000));
    v(hidden_size, "hidden_size", "width", between(1, 1 << 16));
    v(intermediate_size, "intermediate_size", "width of the MLP", between(1, 1 << 18));
    v(num_hidden_layers, "num_hidden_layers", "layers", between(1, 1000));
    v(num_attention_heads, "num_attention_heads", "heads", between(1, 1024));
    v(num_key_value_heads, "num_key_value_heads",
      "heads of keys and values; 0: as many as heads (phi: always)", between(0, 1024));
    v(head_dim, "head_dim", "width of a head; 0: hidden_size over heads", between(0, 1 << 16));
    v(max_position_embeddings, "max_position_embeddings", "longest row that a question may make",
      between(1, 1 << 24));
    v(partial_rotary_factor, "partial_rotary_factor", "part of a head that rotates (phi)",
      above(0, 1));
    v(rope_theta, "rope_theta", "base of the rotary embedding", above(0));
    v(rope_scaling, "rope_scaling", "a stretching of it (llama, qwen)");
    v(layer_norm_eps, "layer_norm_eps", "added to the variance (phi)", between(0, 1));
    v(rms_norm_eps, "rms_norm_eps", "added to the mean square (llama, qwen)", between(0, 1));
    v(qk_norm, "qk_norm",
      "norm over each head's query and key: layer, rms or none; empty: as the family's Show-o");
    v(attention_bias, "attention_bias", "biases of q, k, v and o (llama)");
    v(tie_word_embeddings, "tie_word_embeddings", "the head is the embedding (llama, qwen)");
    v(bos_token_id, "bos_token_id", "[SOT]", between(0, 10'000'000));
    v(eos_token_id, "eos_token_id", "[EOT]", between(0, 10'000'000));
  }
  int64_t head_size() const { return head_dim > 0 ? head_dim : hidden_size / num_attention_heads; }
  int64_t key_heads() const {
    return num_key_value_heads > 0 ? num_key_value_heads : num_attention_heads;
  }
  int64_t rotary_size() const;
  void check(const std::string& source) const;
};

/// How a model sees the pictures that it is asked about (paper, table 5).
enum class Vision {
  kDiscrete,  // as codes of its image tokenizer
  kMagvit,    // as the tokenizer's features before they are quantized
  kClip,      // as features of a CLIP-ViT
};

/// Show-o's config.json.
struct ShowoConfig {
  std::string vision = "discrete";
  int64_t feature_width = 0;
  std::string magvit_features = "map";
  std::string attention = "omni";
  bool qk_norm = true;
  int64_t vocab_size = 58498, llm_vocab_size = 50295, codebook_size = 8192, num_vq_tokens = 256;
  std::string llm_model_path = "llm";
  int64_t text_tokens = 128;
  bool stories = false;
  template <class V>
  void visit(V& v) {
    v(vision, "vision",
      "how pictures are seen that are asked about: discrete (codes), magvit (the image tokenizer's "
      "features before quantization) or clip (features of a CLIP-ViT; published w_clip_vit)");
    v(feature_width, "feature_width", "channels of the features; 0: as the weights say",
      between(0, 1 << 16));
    v(magvit_features, "magvit_features",
      "latent (a channel a bit of the code) or map (the encoder's last feature map)");
    v(attention, "attention",
      "who sees whom: omni (a picture sees itself whole, paper 3.3) or causal (a token those "
      "before "
      "it)");
    v(qk_norm, "qk_norm",
      "norm over each head's query and key (paper 3.2) where the language model has none of its "
      "own");
    v(vocab_size, "vocab_size", "all tokens", between(1, 1 << 25));
    v(llm_vocab_size, "llm_vocab_size", "tokens of the language model's tokenizer",
      between(1, 10'000'000));
    v(codebook_size, "codebook_size", "image codes", between(2, 1 << 24));
    v(num_vq_tokens, "num_vq_tokens", "tokens of a picture", between(1, 1 << 16));
    v(llm_model_path, "llm_model_path", "the language model's folder or name");
    v(text_tokens, "text_tokens", "room for a prompt, 128 in the published models",
      between(2, 1 << 16));
    v(stories, "stories", "it learned texts and pictures in turns (paper 4.4)");
  }
  void check(const std::string& source) const;
  Vocabulary vocabulary(const LlmConfig& llm) const;
  Vision seen_as() const;
  Attention attends() const {
    return attention == "causal" ? Attention::kCausal : Attention::kOmni;
  }
};

/// Throws Error naming both numbers when a picture has more tokens than the language model knows
/// positions.
void check_positions(const ShowoConfig& config, const LlmConfig& llm, const std::string& source);

/// Keys of the file that change no numbers are passed over: published files have many. Throws Error
/// naming a key that asks for other arithmetic than the model's. `qk_norm` says "none" where the
/// file speaks of none.
LlmConfig llm_config_from_json(const Json& json, const std::string& source);
/// As Hugging Face's files of the family have it.
Json llm_config_to_json(const LlmConfig& config);
ShowoConfig showo_config_from_json(const Json& json, const std::string& source);
/// With the published keys too.
Json showo_config_to_json(const ShowoConfig& config);

}  // namespace showo
