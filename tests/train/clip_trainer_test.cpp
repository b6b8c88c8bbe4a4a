// CLIP's recipe and trainer: what it learns, what it reports, how it goes on.
#include "showo/train/clip_trainer.h"

#include <gtest/gtest.h>

#include "showo/checkpoint/load.h"
#include "showo/vision/clip_folder.h"
#include "tests/support/tiny_shard.h"

namespace showo {
namespace {

const std::string kClipRecipes = SHOWO_SOURCE_DIR "/configs/embedded/clip.yaml";

class ClipTraining : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("showo-clip-trainer-" + std::to_string(::getpid()));
    make_folder(folder_);
    write_tiny_shard(folder_ / "a.tar", 7, 16);
  }
  void TearDown() override { fs::remove_all(folder_); }

  // The recipe with everything it says, but narrow, on seven pictures and at once.
  ClipRecipe narrowed() const {
    ClipRecipe recipe;
    read_config(recipe, read_yaml(kClipRecipes), kClipRecipes);
    for (ClipLayersConfig* tower : std::initializer_list<ClipLayersConfig*>{
             &recipe.clip.text_config, &recipe.clip.vision_config}) {
      tower->hidden_size = tower->intermediate_size = 32;
      tower->num_hidden_layers = tower->num_attention_heads = 2;
    }
    recipe.clip.projection_dim = 16;
    recipe.clip.vision_config.image_size = 16;
    recipe.tokenizer = SHOWO_SOURCE_DIR "/configs/embedded/llm";
    recipe.data = recipe.evaluation.data = SourceConfig((folder_ / "a.tar").string());
    recipe.batch = recipe.evaluation.among = 7;
    recipe.evaluation.batches = 1;
    recipe.steps = 40;
    recipe.optimizer.warmup_steps = 2;
    return recipe;
  }
  fs::path folder_;
};

TEST_F(ClipTraining, LearnsWhichCaptionIsWhose) {
  ClipTrainer trainer(narrowed(), folder_ / "run");
  const Json before = trainer.evaluate();
  Json line;
  for (int i = 0; i < 40; ++i) line = trainer.step();
  const Json after = trainer.evaluate();
  EXPECT_LT(before["eval_picture"].get<double>(), 0.8);
  EXPECT_EQ(after["eval_picture"], 1.0);
  EXPECT_EQ(after["eval_caption"], 1.0);
  EXPECT_LT(after["eval_loss"].get<double>(), 0.5 * before["eval_loss"].get<double>());
  EXPECT_LT(line["loss"].get<double>(), 0.5 * std::log(7.0));
  EXPECT_NE(line["scale"], std::exp(2.6592));
}

TEST_F(ClipTraining, GoesOnToTheBitWhereItStopped) {
  auto recipe = narrowed();
  recipe.ema = 0.9;
  ClipTrainer whole(recipe, folder_ / "whole");
  for (int i = 0; i < 4; ++i) whole.step();
  {
    ClipTrainer first(recipe, folder_ / "parts");
    for (int i = 0; i < 2; ++i) first.step();
    first.save();
  }
  ClipTrainer second(recipe, folder_ / "parts");
  EXPECT_EQ(second.steps_done(), 2);
  for (int i = 0; i < 2; ++i) second.step();
  for (const auto& [name, tensor] : state_of(*whole.clip()))
    EXPECT_TRUE(torch::equal(tensor, state_of(*second.clip()).at(name))) << name;
  EXPECT_EQ(whole.evaluate(), second.evaluate());
}

TEST_F(ClipTraining, GoesOnWithNoOtherTokenizer) {
  auto recipe = narrowed();
  ClipTrainer(recipe, folder_ / "run").save();
  const std::string same = read_file(fs::path(recipe.tokenizer) / "tokenizer.json");
  recipe.tokenizer = (folder_ / "tokenizer").string();
  make_folder(recipe.tokenizer);
  write_file_atomically(folder_ / "tokenizer/tokenizer.json", same);
  EXPECT_NO_THROW(ClipTrainer(recipe, folder_ / "run"));
  write_file_atomically(folder_ / "tokenizer/tokenizer.json", same + "\n");
  EXPECT_THROW(ClipTrainer(recipe, folder_ / "run"), Error);
}

TEST_F(ClipTraining, LeavesAFolderWhoseTowerMakesFeatures) {
  torch::NoGradGuard no_grad;
  {
    const torch::AutoGradMode learns(true);
    ClipTrainer trainer(narrowed(), folder_ / "run");
    trainer.step();
    trainer.save();
  }
  const fs::path clip = folder_ / "run/checkpoint/clip";
  const auto pictures = torch::zeros({1, 3, 16, 16});
  EXPECT_TRUE(torch::equal(load_clip_vision(clip)->features(pictures),
                           load_clip(clip)->vision_model->features(pictures)));
  auto recipe = narrowed();
  recipe.init_from = clip.string();
  recipe.seed = 5;
  ClipTrainer next(recipe, folder_ / "next");
  EXPECT_TRUE(
      torch::equal(next.clip()->text_projection->weight, load_clip(clip)->text_projection->weight));
  recipe.clip.projection_dim = 8;
  EXPECT_THROW(ClipTrainer(recipe, folder_ / "other"), Error);
}

// Gradients are summed over the batches of a step, and so is the loss that is reported.
TEST_F(ClipTraining, AccumulatesBatchesAsAMean) {
  auto recipe = narrowed();
  recipe.accumulate = 3;
  ClipTrainer trainer(recipe, folder_ / "run");
  const double loss = trainer.step()["loss"];
  EXPECT_GT(loss, 0.5 * std::log(7.0));
  EXPECT_LT(loss, 2 * std::log(7.0));
}

TEST_F(ClipTraining, CountsEqualCaptionsAsOne) {
  auto recipe = narrowed();
  recipe.evaluation.among = 21;  // every picture three times
  ClipTrainer trainer(recipe, folder_ / "run");
  for (int i = 0; i < 40; ++i) trainer.step();
  EXPECT_EQ(trainer.evaluate()["eval_picture"], 1.0);
}

TEST_F(ClipTraining, NamesWhatTheRecipeLacks) {
  auto recipe = narrowed();
  recipe.clip.vision_config.patch_size = 32;
  try {
    ClipTrainer(recipe, folder_ / "run");
    FAIL() << "a patch larger than the picture was taken";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("recipe: clip: vision_config: patch_size"),
              std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace showo
