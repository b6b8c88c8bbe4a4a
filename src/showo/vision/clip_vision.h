// CLIP's vision transformer, as understanding with CLIP-ViT sees pictures (paper 4.3): its features
// are one hidden state before the last, of the patches alone. Members are named by the keys of
// transformers' checkpoints ("pre_layrnorm" is theirs). B pictures, S pixels a side, P patches, C
// width.
#pragma once

#include "showo/vision/clip_encoder.h"

namespace showo {

/// Every patch's pixels times one matrix; weight [C, 3, patch, patch].
struct ClipPatchesImpl : torch::nn::Module {
  explicit ClipPatchesImpl(const ClipVisionConfig& config);
  Tensor forward(const Tensor& pixels_B3SS);  // [B, P, C]
  Tensor weight;
};
TORCH_MODULE(ClipPatches);

struct ClipVisionEmbeddingsImpl : torch::nn::Module {
  explicit ClipVisionEmbeddingsImpl(const ClipVisionConfig& config);
  /// The class token, then the patches, with their positions → [B, 1 + P, C].
  Tensor forward(const Tensor& pixels_B3SS);
  Tensor class_embedding;
  ClipPatches patch_embedding;
  Embedding position_embedding;
};
TORCH_MODULE(ClipVisionEmbeddings);

/// What a tower is for: features need neither the last layer nor the norm behind it.
enum class ClipVisionUse { kFeatures, kEverything };

struct ClipVisionImpl : torch::nn::Module {
  explicit ClipVisionImpl(const ClipVisionConfig& config,
                          ClipVisionUse use = ClipVisionUse::kEverything);
  /// Pictures as preprocess_clip makes them, of image_size, any floating dtype and device →
  /// [B, P, C]: the hidden state before the last layer, without the class token.
  Tensor features(const Tensor& pixels_B3SS);
  /// The class token after the last layer and its norm → [B, C]. Not of a tower for features.
  Tensor pooled(const Tensor& pixels_B3SS);
  ClipVisionConfig config;
  ClipVisionEmbeddings embeddings;
  LayerNorm pre_layrnorm;
  ClipEncoder encoder;
  LayerNorm post_layernorm{nullptr};

 private:
  Tensor hidden(const Tensor& pixels_B3SS, int64_t depth);
};
TORCH_MODULE(ClipVision);

}  // namespace showo
