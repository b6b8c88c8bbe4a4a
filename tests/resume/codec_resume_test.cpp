// As resume_test, for a tokenizer trained with everything that a recipe can turn on.
#include <gtest/gtest.h>

#include "showo/train/codec_trainer.h"
#include "tests/support/tiny_shard.h"

namespace showo {
namespace {

class CodecResume : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("showo-codec-resume-" + std::to_string(::getpid()));
    make_folder(folder_);
    write_tiny_shard(folder_ / "a.tar", 7, 16);
  }
  void TearDown() override { fs::remove_all(folder_); }

  CodecRecipe recipe() const {
    CodecRecipe recipe;
    recipe.codec = {32, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 4};
    recipe.shards = (folder_ / "a.tar").string();
    recipe.image_size = 16;
    recipe.batch = 2;
    recipe.steps = 6;
    recipe.optimizer.warmup_steps = 2;
    recipe.bf16 = false;
    recipe.preview_every = recipe.checkpoint_every = 100;
    recipe.features = SHOWO_SOURCE_DIR "/tests/codec/data/features";
    recipe.perceptual = recipe.adversarial = 0.5;
    recipe.adversarial_start = 2;
    recipe.discriminator.network.ch = 8;
    recipe.discriminator.network.layers = 2;
    recipe.discriminator.network.loss = GetParam();
    recipe.ema = 0.9;
    return recipe;
  }
  fs::path folder_;
};

TEST_P(CodecResume, EndsWithTheSameBitsWithADiscriminatorAndAverages) {
  CodecTrainer(recipe(), folder_ / "whole").run();
  for (int stop : {1, 4}) {  // before the discriminator begins, and after
    CodecTrainer part(recipe(), folder_ / "parts");
    while (part.steps_done() < stop) part.step();
    part.save();
  }
  CodecTrainer last(recipe(), folder_ / "parts");
  EXPECT_EQ(last.steps_done(), 4);
  last.run();
  for (const char* file :
       {"codec/pytorch_model.safetensors", "optimizer.safetensors", "training.safetensors"}) {
    const auto whole = read_safetensors(folder_ / "whole/checkpoint" / file).tensors,
               parts = read_safetensors(folder_ / "parts/checkpoint" / file).tensors;
    ASSERT_EQ(whole.size(), parts.size());
    for (const auto& [name, tensor] : whole)
      EXPECT_TRUE(torch::equal(tensor, parts.at(name))) << file << ": " << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Losses, CodecResume, testing::Values("hinge", "non-saturating"),
                         [](const auto& info) {
                           return std::string(info.param) == "hinge" ? "hinge" : "softplus";
                         });

}  // namespace
}  // namespace showo
