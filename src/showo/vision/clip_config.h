// The dimensions of CLIP's two towers (Radford et al., arXiv 2103.00020) from config.json in
// transformers' layout: a whole CLIPModel, or a CLIPVisionModel alone. Defaults are those that
// transformers gives to keys a file leaves out.
#pragma once

#include "showo/core/published_config.h"

namespace showo {

/// What both towers' transformers are made of.
struct ClipLayersConfig {
  int64_t hidden_size = 768, intermediate_size = 3072;
  int64_t num_hidden_layers = 12, num_attention_heads = 12;
  double layer_norm_eps = 1e-5;
  std::string hidden_act = "quick_gelu";
  template <class V>
  void visit(V& v) {
    v(hidden_size, "hidden_size", "width", between(1, 1 << 16));
    v(intermediate_size, "intermediate_size", "width of the MLP", between(1, 1 << 18));
    v(num_hidden_layers, "num_hidden_layers", "layers", between(1, 1000));
    v(num_attention_heads, "num_attention_heads", "heads", between(1, 1024));
    v(layer_norm_eps, "layer_norm_eps", "added to the variance", between(0, 1));
    v(hidden_act, "hidden_act", "quick_gelu or gelu");
  }
  void check(const std::string& source) const;
};

struct ClipVisionConfig : ClipLayersConfig {
  int64_t image_size = 224, patch_size = 32;
  template <class V>
  void visit(V& v) {
    ClipLayersConfig::visit(v);
    v(image_size, "image_size", "pixels of a picture's side", between(1, 1 << 14));
    v(patch_size, "patch_size", "pixels of a patch's side", between(1, 1 << 12));
  }
  /// Patches of a picture: so many features it has.
  int64_t patches() const { return (image_size / patch_size) * (image_size / patch_size); }
  /// Throws Error naming `source` and the key.
  void check(const std::string& source) const;
};

struct ClipTextConfig : ClipLayersConfig {
  ClipTextConfig() : ClipLayersConfig{512, 2048, 12, 8} {}
  int64_t vocab_size = 49408, max_position_embeddings = 77, eos_token_id = 49407;
  template <class V>
  void visit(V& v) {
    ClipLayersConfig::visit(v);
    v(vocab_size, "vocab_size", "tokens", between(1, 10'000'000));
    v(max_position_embeddings, "max_position_embeddings", "most tokens of a text",
      between(1, 1 << 24));
    v(eos_token_id, "eos_token_id", "the token that ends a text", between(0, 10'000'000));
  }
  /// Throws Error naming `source` and the key.
  void check(const std::string& source) const;
};

/// Both towers and the space they meet in.
struct ClipConfig {
  int64_t projection_dim = 512;
  double logit_scale_init_value = 2.6592;
  ClipTextConfig text_config;
  ClipVisionConfig vision_config;
  template <class V>
  void visit(V& v) {
    v(projection_dim, "projection_dim", "dimensions in which pictures and texts are compared",
      between(1, 1 << 16));
    v(logit_scale_init_value, "logit_scale_init_value",
      "logarithm of what similarities are multiplied by at first", between(-10, 10));
    v(text_config, "text_config", "the tower that reads texts");
    v(vision_config, "vision_config", "the tower that sees pictures");
  }
  /// Throws Error naming `source` and the key.
  void check(const std::string& source) const;
};

/// Keys of the file that change no numbers are passed over. Throws Error naming `source` and a key
/// that is out of range or asks for other arithmetic than these towers'.
ClipVisionConfig clip_vision_config_from_json(const Json& json, const std::string& source);
/// Of a whole CLIPModel.
ClipConfig clip_config_from_json(const Json& json, const std::string& source);

}  // namespace showo
