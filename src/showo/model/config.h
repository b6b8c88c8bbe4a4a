// The dimensions of the language model and of Show-o around it, from their config.json files.
#pragma once

#include "showo/core/config.h"
#include "showo/prompt/vocabulary.h"

namespace showo {

/// phi's config.json; the defaults are phi-1.5's.
struct LlmConfig {
  std::string model_type = "phi";
  int64_t vocab_size = 51200, hidden_size = 2048, intermediate_size = 8192, num_hidden_layers = 24;
  int64_t num_attention_heads = 32, max_position_embeddings = 2048;
  double partial_rotary_factor = 0.5, rope_theta = 10000, layer_norm_eps = 1e-5;
  int64_t bos_token_id = 50256, eos_token_id = 50256;
  template <class V>
  void visit(V& v) {
    v(model_type, "model_type", "phi");
    v(vocab_size, "vocab_size", "rows of the model's own embedding", between(1, 10'000'000));
    v(hidden_size, "hidden_size", "width", between(1, 1 << 16));
    v(intermediate_size, "intermediate_size", "width of the MLP", between(1, 1 << 18));
    v(num_hidden_layers, "num_hidden_layers", "layers", between(1, 1000));
    v(num_attention_heads, "num_attention_heads", "heads", between(1, 1024));
    v(max_position_embeddings, "max_position_embeddings", "longest row that a question may make",
      between(1, 1 << 24));
    v(partial_rotary_factor, "partial_rotary_factor", "part of a head that rotates", above(0, 1));
    v(rope_theta, "rope_theta", "base of the rotary embedding", above(0));
    v(layer_norm_eps, "layer_norm_eps", "added to the variance", between(0, 1));
    v(bos_token_id, "bos_token_id", "[SOT]", between(0, 10'000'000));
    v(eos_token_id, "eos_token_id", "[EOT]", between(0, 10'000'000));
  }
  int64_t head_size() const { return hidden_size / num_attention_heads; }
  int64_t rotary_size() const { return static_cast<int64_t>(partial_rotary_factor * head_size()); }
  void check(const std::string& source) const;
};

/// Show-o's config.json.
struct ShowoConfig {
  bool w_clip_vit = false;
  int64_t vocab_size = 58498, llm_vocab_size = 50295, codebook_size = 8192, num_vq_tokens = 256;
  std::string llm_model_path = "llm";
  int64_t text_tokens = 128;
  template <class V>
  void visit(V& v) {
    v(w_clip_vit, "w_clip_vit", "understanding reads CLIP features");
    v(vocab_size, "vocab_size", "all tokens", between(1, 1 << 25));
    v(llm_vocab_size, "llm_vocab_size", "tokens of the language model's tokenizer",
      between(1, 10'000'000));
    v(codebook_size, "codebook_size", "image codes", between(2, 1 << 24));
    v(num_vq_tokens, "num_vq_tokens", "tokens of a picture", between(1, 1 << 16));
    v(llm_model_path, "llm_model_path", "the language model's folder or name");
    v(text_tokens, "text_tokens", "room for a prompt, 128 in the published models",
      between(2, 1 << 16));
  }
  void check(const std::string& source) const;
  Vocabulary vocabulary(const LlmConfig& llm) const;
};

/// Throws Error naming both numbers when a picture has more tokens than the language model knows
/// positions.
void check_positions(const ShowoConfig& config, const LlmConfig& llm, const std::string& source);

/// Keys of the file that change no numbers are passed over: published files have many. Throws Error
/// naming a key that asks for other arithmetic than the model's.
LlmConfig llm_config_from_json(const Json& json, const std::string& source);
ShowoConfig showo_config_from_json(const Json& json, const std::string& source);

}  // namespace showo
