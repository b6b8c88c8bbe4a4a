#include "showo/generate/sight.h"

#include <cmath>

#include "showo/generate/tower.h"
#include "showo/image/preprocess.h"
#include "showo/prompt/dialogue.h"

namespace showo {
namespace {

std::vector<int64_t> to_vector(const Tensor& ids) {
  const auto values = ids.contiguous();
  return {values.const_data_ptr<int64_t>(), values.const_data_ptr<int64_t>() + values.numel()};
}

void check_room(const Showo& model, int64_t features, const std::string& source) {
  const int64_t most = model->llm_config().max_position_embeddings;
  // <|mmu|> and <|soi|> before, <|eoi|> and a token behind
  if (features + 4 > most)
    fail("{}: {} features of a picture do not fit into max_position_embeddings {}", source,
         features, most);
}

}  // namespace

int64_t magvit_feature_width(const ShowoConfig& config, const CodecConfig& codec) {
  if (config.seen_as() != Vision::kMagvit) return 0;
  return config.magvit_features == "latent" ? codec.z_channels
                                            : codec.ch * codec.encoder_ch_mult.back();
}

Sight::Sight(const Showo& model, Magvit codec, std::shared_ptr<const Tokenizer> tokenizer,
             const fs::path& clip, torch::ScalarType dtype)
    : codec_(std::move(codec)),
      tokenizer_(std::move(tokenizer)),
      prompting_(model->prompting()),
      config_(model->config),
      vision_(config_.seen_as()) {
  if (vision_ == Vision::kDiscrete) return;
  system_ = tokenizer_->encode(kSystemPrompt);
  const int64_t wanted = config_.feature_width;
  if (vision_ == Vision::kMagvit) {
    const int64_t width = magvit_feature_width(config_, codec_->config);
    if (width != wanted)
      fail(
          "vision magvit, magvit_features {}: the image tokenizer's have {} channels, the model's "
          "mm_projector takes {}",
          config_.magvit_features, width, wanted);
    check_room(model, config_.num_vq_tokens, "vision magvit");
    return;
  }
  clip_ = load_tower(clip, model, dtype);
  check_room(model, clip_->config.patches(), (clip / "config.json").string());
}

// [B, F, width].
Tensor Sight::features_of(const std::vector<Image>& pictures) {
  std::vector<Tensor> pixels;
  if (clip_) {
    for (const Image& picture : pictures)
      pixels.push_back(preprocess_clip(picture, static_cast<int>(clip_->config.image_size)));
    return clip_->features(torch::stack(pixels));
  }
  const auto side = std::lround(std::sqrt(static_cast<double>(config_.num_vq_tokens)));
  for (const Image& picture : pictures) {
    pixels.push_back(preprocess_showo(picture, static_cast<int>(side * codec_->config.stride())));
  }
  const auto weight = codec_->encoder->conv_in->weight;
  const auto image = torch::stack(pixels)
                         .to(weight.device(), weight.scalar_type())
                         .contiguous(torch::MemoryFormat::ChannelsLast);
  if (vision_ == Vision::kDiscrete) return codec_->encode(image).cpu().unsqueeze(-1);
  const auto map = config_.magvit_features == "latent" ? codec_->encoder(image)
                                                       : codec_->encoder->feature_map(image);
  return map.flatten(2).transpose(1, 2);
}

std::vector<Seen> Sight::see(const std::vector<Image>& pictures, bool system_prompt) {
  torch::NoGradGuard no_grad;
  const auto features = features_of(pictures);
  std::vector<Seen> seen;
  for (const auto& picture : features.unbind(0)) {
    if (vision_ == Vision::kDiscrete) {
      const int64_t offset = prompting_.vocabulary().image_offset;
      seen.push_back({prompting_.codes(to_vector(picture.squeeze(-1) + offset)), {}});
    } else {
      seen.push_back(
          {prompting_.features(picture.size(0), system_prompt ? Ids(system_) : Ids()), picture});
    }
  }
  return seen;
}

Seen Sight::together(const std::vector<Seen>& pictures) const {
  std::vector<Row> rows;
  std::vector<Tensor> features;
  for (const Seen& picture : pictures) {
    rows.push_back(picture.row);
    if (picture.features.defined()) features.push_back(picture.features);
  }
  return {prompting_.together(rows), features.empty() ? Tensor() : torch::cat(features)};
}

std::vector<int64_t> Sight::question(const std::string& question) const {
  return tokenizer_->encode(question_text(question, vision_ != Vision::kDiscrete));
}

}  // namespace showo
