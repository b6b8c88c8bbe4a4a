// CLIP (Radford et al., arXiv 2103.00020): a tower for pictures and one for texts whose outputs are
// trained to point the same way where a text belongs to a picture. Members are named by the keys of
// transformers' CLIPModel. B pictures or texts, E dimensions of the space they meet in.
#pragma once

#include "showo/vision/clip_text.h"
#include "showo/vision/clip_vision.h"

namespace showo {

struct ClipImpl : torch::nn::Module {
  explicit ClipImpl(const ClipConfig& config);
  /// Pictures as preprocess_clip makes them → unit vectors [B, E], fp32.
  Tensor embed_pictures(const Tensor& pixels_B3SS);
  /// Ids as clip_text_ids makes them → unit vectors [B, E], fp32.
  Tensor embed_texts(const Tensor& ids_BT);
  /// How well each text fits each picture, scaled as the loss wants it → [texts, pictures].
  Tensor similarities(const Tensor& texts_BE, const Tensor& pictures_BE);
  /// Similarities are multiplied by at most 100, as published; to be called after every step.
  void limit_scale();
  ClipConfig config;
  ClipText text_model;
  ClipVision vision_model;
  Linear visual_projection, text_projection;
  Tensor logit_scale;  // logarithm of what similarities are multiplied by
};
TORCH_MODULE(Clip);

/// Cross-entropy of finding each text's picture and each picture's text, halved: text i belongs to
/// picture i → scalar.
Tensor contrastive_loss(const Tensor& similarities_BB);

/// First weights as CLIP's: narrower with a tower's width and depth; norms 1, biases 0.
void initialise_clip(Clip clip, uint64_t seed);

}  // namespace showo
