// The tokenizer's recipes and what its trainer reports.
#include "showo/train/codec_trainer.h"

#include <gtest/gtest.h>

#include "tests/support/tiny_shard.h"

namespace showo {
namespace {

class CodecTraining : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("showo-codec-trainer-" + std::to_string(::getpid()));
    make_folder(folder_);
    write_tiny_shard(folder_ / "a.tar", 4, 32);
  }
  void TearDown() override { fs::remove_all(folder_); }

  // The recipe with everything it says, but narrow, on small pictures and at once.
  CodecRecipe narrowed(const std::string& file) const {
    CodecRecipe recipe;
    read_config(recipe, read_yaml(file), file);
    recipe.codec.ch = 4;
    recipe.codec.encoder_num_res_blocks.assign(recipe.codec.encoder_ch_mult.size(), 1);
    recipe.codec.decoder_num_res_blocks = recipe.codec.encoder_num_res_blocks;
    recipe.codec.norm_groups = 4;
    recipe.shards = (folder_ / "a.tar").string();
    recipe.image_size = 32;
    recipe.batch = 2;
    recipe.steps = 2;
    recipe.adversarial_start = 1;
    recipe.discriminator.network.ch = 4;
    if (!recipe.features.empty()) recipe.features = SHOWO_SOURCE_DIR "/tests/codec/data/features";
    recipe.log_every = 1;
    return recipe;
  }
  fs::path folder_;
};

const std::string kPublished = SHOWO_SOURCE_DIR "/configs/codec/magvitv2.yaml";
const std::string kEmbedded = SHOWO_SOURCE_DIR "/configs/embedded/codec.yaml";

TEST_F(CodecTraining, PublishedRecipeHasThePublishedShape) {
  CodecRecipe recipe;
  read_config(recipe, read_yaml(kPublished), kPublished);
  EXPECT_EQ(config_to_json(recipe.codec), config_to_json(CodecConfig()));
  EXPECT_NO_THROW(recipe.check());
}

TEST_F(CodecTraining, PublishedRecipeTrainsAndReportsEveryTerm) {
  CodecTrainer trainer(narrowed(kPublished), folder_ / "run");
  const Json before = trainer.step(), after = trainer.step();
  for (const char* name : {"l1", "l2", "psnr", "ssim", "feature_distance", "perplexity", "codes"})
    EXPECT_TRUE(before.contains(name) && std::isfinite(before[name].get<double>())) << name;
  for (const char* name : {"adversarial", "adaptive_weight", "discriminator"}) {
    EXPECT_FALSE(before.contains(name)) << name << " before adversarial_start";
    EXPECT_TRUE(after.contains(name) && std::isfinite(after[name].get<double>())) << name;
  }
  EXPECT_GT(after["adaptive_weight"].get<double>(), 0);
}

TEST_F(CodecTraining, RecipeWithoutTheTermsHasNone) {
  const auto recipe = narrowed(kEmbedded);
  EXPECT_EQ(recipe.perceptual, 0);
  CodecTrainer trainer(recipe, folder_ / "run");
  const Json line = trainer.step();
  EXPECT_FALSE(line.contains("feature_distance"));
  EXPECT_FALSE(line.contains("adversarial"));
}

// After one step the average lies between the initial weights and the trained ones, at 1 − ema.
TEST_F(CodecTraining, SavesAveragedWeights) {
  auto recipe = narrowed(kEmbedded);
  recipe.optimizer.warmup_steps = 0;
  const fs::path codec = "checkpoint/codec/model.safetensors";
  CodecTrainer(recipe, folder_ / "start").save();
  auto one_step = [&](const std::string& name, double ema) {
    recipe.ema = ema;
    CodecTrainer trainer(recipe, folder_ / name);
    trainer.step();
    trainer.save();
    return read_safetensors(folder_ / name / codec).tensors.at("decoder.conv_out.weight");
  };
  const auto start =
      read_safetensors(folder_ / "start" / codec).tensors.at("decoder.conv_out.weight");
  const auto plain = one_step("plain", 0), averaged = one_step("averaged", 0.75);
  EXPECT_FALSE(torch::equal(plain, start));
  EXPECT_TRUE(torch::allclose(averaged, start + 0.25 * (plain - start), 1e-5, 1e-7));
}

TEST_F(CodecTraining, NamesWhatARecipeLacks) {
  CodecRecipe recipe;
  recipe.perceptual = 1;
  EXPECT_THROW(recipe.check(), Error);
  recipe.features = "somewhere";
  EXPECT_NO_THROW(recipe.check());
  recipe.adversarial = 1;
  recipe.image_size = 16;
  EXPECT_THROW(recipe.check(), Error);
}

}  // namespace
}  // namespace showo
