#include "showo/vision/clip.h"

#include <cmath>

#include "showo/core/random.h"
#include "showo/core/weightless.h"

namespace showo {
namespace {

const double kMostScale = std::log(100.0);

// In fp32 whatever made it: what bf16 rounds off would be multiplied by up to 100.
Tensor unit(const Tensor& x) {
  const auto wide = x.to(torch::kFloat);
  return wide / wide.norm(2, -1, /*keepdim=*/true);
}

// Radford et al.'s deviations: what goes back into the residual stream is narrower the more layers
// add to it.
void initialise_encoder(ClipEncoder& encoder, const ClipLayersConfig& config,
                        at::Generator& generator) {
  const double width = std::pow(config.hidden_size, -0.5);
  const double back = width * std::pow(2.0 * config.num_hidden_layers, -0.5);
  for (size_t i = 0; i < encoder->layers->size(); ++i) {
    auto& layer = encoder->layers->at<ClipLayerImpl>(i);
    for (auto* into :
         {&layer.self_attn->q_proj, &layer.self_attn->k_proj, &layer.self_attn->v_proj})
      (*into)->weight.normal_(0, width, generator);
    layer.self_attn->out_proj->weight.normal_(0, back, generator);
    layer.mlp->fc1->weight.normal_(0, std::pow(2.0 * config.hidden_size, -0.5), generator);
    layer.mlp->fc2->weight.normal_(0, back, generator);
  }
}

}  // namespace

ClipImpl::ClipImpl(const ClipConfig& config)
    : config(config),
      text_model(register_module("text_model", ClipText(config.text_config))),
      vision_model(register_module("vision_model", ClipVision(config.vision_config))),
      visual_projection(register_module(
          "visual_projection",
          Linear(config.vision_config.hidden_size, config.projection_dim, /*bias=*/false))),
      text_projection(register_module(
          "text_projection",
          Linear(config.text_config.hidden_size, config.projection_dim, /*bias=*/false))) {
  logit_scale = register_parameter("logit_scale", unset({}));
}

Tensor ClipImpl::embed_pictures(const Tensor& pixels) {
  return unit(visual_projection(vision_model->pooled(pixels)));
}

Tensor ClipImpl::embed_texts(const Tensor& ids) {
  return unit(text_projection(text_model->pooled(ids)));
}

Tensor ClipImpl::similarities(const Tensor& texts, const Tensor& pictures) {
  return logit_scale.exp() * torch::matmul(texts, pictures.t());
}

void ClipImpl::limit_scale() {
  torch::NoGradGuard no_grad;
  logit_scale.clamp_max_(kMostScale);
}

Tensor contrastive_loss(const Tensor& similarities) {
  const auto own = torch::arange(similarities.size(0), similarities.device());
  return (torch::cross_entropy_loss(similarities, own) +
          torch::cross_entropy_loss(similarities.t(), own)) /
         2;
}

void initialise_clip(Clip clip, uint64_t seed) {
  torch::NoGradGuard no_grad;
  auto generator = make_generator(seed);
  for (const auto& item : clip->named_parameters()) {
    const bool scales = item.key().ends_with(".weight") && item.value().dim() == 1;
    item.value().fill_(scales ? 1 : 0);
  }
  const ClipVisionConfig& vision = clip->config.vision_config;
  const ClipTextConfig& text = clip->config.text_config;
  auto& see = clip->vision_model->embeddings;
  auto& read = clip->text_model->embeddings;
  const double vision_width = std::pow(vision.hidden_size, -0.5),
               text_width = std::pow(text.hidden_size, -0.5);
  see->class_embedding.normal_(0, vision_width, generator);
  see->position_embedding->weight.normal_(0, vision_width, generator);
  const double bound = std::pow(see->patch_embedding->weight[0].numel(), -0.5);
  see->patch_embedding->weight.uniform_(-bound, bound, generator);  // a convolution's usual start
  read->token_embedding->weight.normal_(0, 0.02, generator);
  read->position_embedding->weight.normal_(0, 0.01, generator);
  initialise_encoder(clip->vision_model->encoder, vision, generator);
  initialise_encoder(clip->text_model->encoder, text, generator);
  clip->visual_projection->weight.normal_(0, vision_width, generator);
  clip->text_projection->weight.normal_(0, text_width, generator);
  clip->logit_scale.fill_(clip->config.logit_scale_init_value);
}

}  // namespace showo
