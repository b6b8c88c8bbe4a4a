// How the model of showo bench sees a picture that it is asked about.
#include <cmath>

#include "apps/cli/bench.h"
#include "showo/core/random.h"
#include "showo/generate/tower.h"

namespace showo::cli {
namespace {

// CLIP-ViT-L/14-336, the published models' tower, with its tower for texts.
ClipConfig published_clip() {
  ClipConfig config;
  config.projection_dim = 768;
  config.text_config.hidden_size = 768;
  config.text_config.intermediate_size = 3072;
  config.text_config.num_attention_heads = 12;
  config.vision_config.hidden_size = 1024;
  config.vision_config.intermediate_size = 4096;
  config.vision_config.num_hidden_layers = 24;
  config.vision_config.num_attention_heads = 16;
  config.vision_config.image_size = 336;
  config.vision_config.patch_size = 14;
  return config;
}

ClipVision random_tower(uint64_t seed, torch::ScalarType dtype, torch::Device device) {
  ClipVision tower(published_clip().vision_config, ClipVisionUse::kFeatures);
  auto random = make_generator(seed);
  for (auto& parameter : tower->parameters()) {
    parameter.uniform_(-0.035, 0.035, random);
    parameter.set_data(parameter.to(device, dtype));
  }
  return tower;
}

}  // namespace

ShowoConfig published_sight(const std::string& vision) {
  ShowoConfig config;
  config.vision = vision;
  const CodecConfig codec;
  if (config.seen_as() == Vision::kMagvit)
    config.feature_width = codec.ch * codec.encoder_ch_mult.back();
  if (config.seen_as() == Vision::kClip)
    config.feature_width = published_clip().vision_config.hidden_size;
  return config;
}

Clip random_clip(uint64_t seed, torch::ScalarType dtype) {
  torch::NoGradGuard no_grad;
  Clip clip(published_clip());
  initialise_clip(clip, seed);
  clip->to(dtype);
  return clip;
}

int64_t bench_features(const BenchFlags& f, const ShowoConfig& config) {
  if (config.seen_as() == Vision::kDiscrete) return 0;
  if (config.seen_as() == Vision::kMagvit) return config.num_vq_tokens;
  if (f.random) return published_clip().vision_config.patches();
  return tower_config(f.model.paths().clip).patches();
}

Row bench_picture(const Prompting& prompting, Ids codes, int64_t features) {
  if (features == 0) return prompting.codes(codes);
  const std::vector<int64_t> system(28, 5);  // as long as the published one
  return prompting.features(features, system);
}

std::function<Tensor()> bench_encoder(const BenchFlags& f, const Showo& model, Magvit codec,
                                      torch::ScalarType dtype) {
  const ShowoConfig& config = model->config;
  if (config.seen_as() == Vision::kClip) {
    ClipVision tower = f.random ? random_tower(f.model.seed, dtype, model->device())
                                : load_tower(f.model.paths().clip, model, dtype);
    const int64_t side = tower->config.image_size;
    return [tower, pixels = torch::rand({1, 3, side, side})]() mutable {
      return tower->features(pixels)[0];
    };
  }
  const auto weight = codec->encoder->conv_in->weight;
  const int64_t side = std::lround(std::sqrt(config.num_vq_tokens)) * codec->config.stride();
  const auto pixels = torch::rand({1, 3, side, side}).to(weight.device(), weight.scalar_type());
  const bool latent = config.magvit_features == "latent";
  return [=]() mutable {
    const auto map = latent ? codec->encoder(pixels) : codec->encoder->feature_map(pixels);
    return map[0].flatten(1).t();
  };
}

}  // namespace showo::cli
