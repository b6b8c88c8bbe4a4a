#include "showo/vision/clip_vision.h"

#include "showo/core/weightless.h"

namespace showo {

ClipPatchesImpl::ClipPatchesImpl(const ClipVisionConfig& config) {
  weight = register_parameter("weight",
                              unset({config.hidden_size, 3, config.patch_size, config.patch_size}));
}

Tensor ClipPatchesImpl::forward(const Tensor& pixels) {
  return torch::conv2d(pixels, weight, {}, /*stride=*/weight.size(2)).flatten(2).transpose(1, 2);
}

ClipVisionEmbeddingsImpl::ClipVisionEmbeddingsImpl(const ClipVisionConfig& config)
    : patch_embedding(register_module("patch_embedding", ClipPatches(config))),
      position_embedding(register_module("position_embedding",
                                         Embedding(1 + config.patches(), config.hidden_size))) {
  class_embedding = register_parameter("class_embedding", unset({config.hidden_size}));
}

Tensor ClipVisionEmbeddingsImpl::forward(const Tensor& pixels) {
  const auto x = pixels.to(class_embedding.device(), class_embedding.scalar_type());
  const auto first = class_embedding.expand({x.size(0), 1, -1});
  const auto patches_BPC = patch_embedding(x).to(first.scalar_type());
  return torch::cat({first, patches_BPC}, 1) + position_embedding->weight;
}

ClipVisionImpl::ClipVisionImpl(const ClipVisionConfig& config, ClipVisionUse use)
    : config(config),
      embeddings(register_module("embeddings", ClipVisionEmbeddings(config))),
      pre_layrnorm(
          register_module("pre_layrnorm", LayerNorm(config.hidden_size, config.layer_norm_eps))),
      encoder(register_module(
          "encoder",
          ClipEncoder(config, config.num_hidden_layers - (use == ClipVisionUse::kFeatures)))) {
  if (use == ClipVisionUse::kEverything)
    post_layernorm =
        register_module("post_layernorm", LayerNorm(config.hidden_size, config.layer_norm_eps));
}

Tensor ClipVisionImpl::hidden(const Tensor& pixels, int64_t depth) {
  TORCH_CHECK(pixels.dim() == 4 && pixels.size(1) == 3 && pixels.size(2) == config.image_size &&
                  pixels.size(3) == config.image_size,
              "pictures of ", pixels.sizes(), " for a tower that sees ", config.image_size,
              " pixels a side");
  return encoder(pre_layrnorm(embeddings(pixels)), /*causal=*/false, depth);
}

Tensor ClipVisionImpl::features(const Tensor& pixels) {
  return hidden(pixels, config.num_hidden_layers - 1).narrow(1, 1, config.patches());
}

Tensor ClipVisionImpl::pooled(const Tensor& pixels) {
  return post_layernorm(hidden(pixels, config.num_hidden_layers).select(1, 0));
}

}  // namespace showo
