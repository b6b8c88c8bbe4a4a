// What transformers_test.py asks of this program, by environment variables; skipped without them.
#include <gtest/gtest.h>

#include "showo/checkpoint/safetensors.h"
#include "showo/core/random.h"
#include "showo/vision/clip_folder.h"

namespace showo {
namespace {

// SHOWO_CLIP_FOLDER: config.json and weights, and case.safetensors with pictures and features.
TEST(BesideTransformers, MakesTheFeaturesOfAFolder) {
  const char* folder = std::getenv("SHOWO_CLIP_FOLDER");
  if (!folder) GTEST_SKIP() << "SHOWO_CLIP_FOLDER is not set";
  torch::NoGradGuard no_grad;
  const auto expected = read_safetensors(fs::path(folder) / "case.safetensors").tensors;
  ClipVision tower = load_clip_vision(folder);
  const auto features = tower->features(expected.at("pictures"));
  ASSERT_EQ(features.sizes(), expected.at("features").sizes());
  const double largest = (features - expected.at("features")).abs().max().item<double>();
  EXPECT_LT(largest, 1e-4 * expected.at("features").abs().max().item<double>());
}

// SHOWO_CLIP_OUT: gets a folder as training writes it, and what the model makes of pictures and
// texts in case.safetensors.
TEST(BesideTransformers, WritesAFolder) {
  const char* out = std::getenv("SHOWO_CLIP_OUT");
  if (!out) GTEST_SKIP() << "SHOWO_CLIP_OUT is not set";
  torch::NoGradGuard no_grad;
  ClipConfig config;
  config.projection_dim = 24;
  static_cast<ClipLayersConfig&>(config.text_config) = {32, 64, 2, 2};
  config.text_config.vocab_size = 300;
  config.text_config.eos_token_id = 299;
  config.text_config.max_position_embeddings = 12;
  static_cast<ClipLayersConfig&>(config.vision_config) = {48, 96, 3, 4};
  config.vision_config.image_size = 32;
  config.vision_config.patch_size = 8;
  Clip clip(config);
  initialise_clip(clip, 11);
  write_clip(out, clip);
  auto generator = make_generator(12);
  const auto pictures = torch::randn({3, 3, 32, 32}, generator);
  const auto ids = torch::randint(0, 299, {3, 9}, generator, torch::kLong);
  ids.select(1, 8).fill_(299);
  write_safetensors(fs::path(out) / "case.safetensors",
                    {{"pictures", pictures},
                     {"ids", ids},
                     {"picture_embeddings", clip->embed_pictures(pictures)},
                     {"text_embeddings", clip->embed_texts(ids)}});
}

}  // namespace
}  // namespace showo
