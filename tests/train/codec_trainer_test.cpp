// The tokenizer's recipes and what its trainer reports.
#include "showo/train/codec_trainer.h"

#include <gtest/gtest.h>

#include "showo/checkpoint/load.h"
#include "showo/codec/checkpoint.h"
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
  auto recipe = narrowed(kEmbedded);
  recipe.perceptual = 0;
  recipe.features.clear();
  CodecTrainer trainer(recipe, folder_ / "run");
  const Json line = trainer.step();
  EXPECT_FALSE(line.contains("feature_distance"));
  EXPECT_FALSE(line.contains("adversarial"));
}

TEST_F(CodecTraining, EmbeddedDecoderGoesOnFromTheEmbeddedTokenizer) {
  const std::string file = SHOWO_SOURCE_DIR "/configs/embedded/codec_decoder.yaml";
  CodecRecipe first, second;
  read_config(first, read_yaml(kEmbedded), kEmbedded);
  read_config(second, read_yaml(file), file);
  EXPECT_NO_THROW(second.check());
  EXPECT_TRUE(second.freeze_encoder);
  EXPECT_EQ(config_to_json(second.codec), config_to_json(first.codec));
}

TEST_F(CodecTraining, TrainsTheDecoderOfATokenizerWhoseCodesStay) {
  auto recipe = narrowed(kEmbedded);
  recipe.optimizer.warmup_steps = 0;
  CodecTrainer(recipe, folder_ / "first").save();
  recipe.init_from = (folder_ / "first/checkpoint/codec").string();
  recipe.freeze_encoder = true;
  recipe.seed = 9;
  {
    CodecTrainer trainer(recipe, folder_ / "second");
    trainer.step();
    trainer.save();
  }
  const auto before = state_of(*load_codec(recipe.init_from)),
             after = state_of(*load_codec(folder_ / "second/checkpoint/codec"));
  for (const auto& [name, tensor] : before) {
    if (name.starts_with("encoder."))
      EXPECT_TRUE(tensor.equal(after.at(name))) << name;
    else if (name.ends_with("conv1.weight"))
      EXPECT_FALSE(tensor.equal(after.at(name))) << name;
  }
  EXPECT_EQ(CodecTrainer(recipe, folder_ / "second").steps_done(), 1) << "resumes";
  recipe.codec.z_channels -= 1;
  EXPECT_THROW(CodecTrainer(recipe, folder_ / "third"), Error);
  recipe.init_from.clear();
  EXPECT_THROW(recipe.check(), Error);
}

// After one step the average lies between the initial weights and the trained ones, at 1 − ema.
TEST_F(CodecTraining, SavesAveragedWeights) {
  auto recipe = narrowed(kEmbedded);
  recipe.optimizer.warmup_steps = 0;
  const fs::path codec = "checkpoint/codec/pytorch_model.safetensors";
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

TEST_F(CodecTraining, PassesOverGradientsThatAreNotFiniteAndEndsAtTheTenthInARow) {
  CodecTrainer trainer(narrowed(kPublished), folder_ / "run");
  auto weight = trainer.codec()->decoder->last_layer().detach();
  const auto good = weight.clone();
  auto state = [&] {
    trainer.save();
    auto all = read_safetensors(folder_ / "run/checkpoint/training.safetensors").tensors;
    for (const char* file : {"codec/pytorch_model.safetensors", "optimizer.safetensors"})
      all.merge(read_safetensors(folder_ / "run/checkpoint" / file).tensors);
    all.erase("decoder.conv_out.weight");
    all.erase("weights.decoder.conv_out.weight");
    return all;
  };
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(trainer.step().contains("skipped"));
  const auto before = state();
  weight.fill_(std::numeric_limits<float>::quiet_NaN());
  for (int i = 1; i <= 9; ++i) EXPECT_EQ(trainer.step().at("skipped"), i);
  EXPECT_THROW(trainer.save(), Error) << "weights that are no numbers";
  EXPECT_EQ(read_json(folder_ / "run/checkpoint/state.json").at("step"), 2);
  weight.copy_(good);
  for (const auto& [name, tensor] : state())
    EXPECT_TRUE(torch::equal(tensor, before.at(name))) << name << ": a skipped step changed it";
  const Json line = trainer.step();
  EXPECT_FALSE(line.contains("skipped"));
  EXPECT_GT(line.at("discriminator"), 0);
  weight.fill_(std::numeric_limits<float>::quiet_NaN());
  for (int i = 1; i <= 9; ++i) EXPECT_EQ(trainer.step().at("skipped"), i) << "counts anew";
  EXPECT_THROW(trainer.step(), Error);
}

TEST(Adversary, PassesOverGradientsThatAreNotFiniteAndEndsAtTheTenthInARow) {
  AdversaryOptions options;
  options.network.ch = 4;
  Adversary adversary(options, 1, false, {});
  const auto good = torch::ones({2, 3, 32, 32}), bad = good * std::nan("");
  auto weight = [&] { return adversary.state().at("discriminator.conv.0.weight").clone(); };
  const auto before = weight();
  for (int step = 0; step < 9; ++step) adversary.learn({{bad, good}}, step, 100);
  EXPECT_TRUE(torch::equal(weight(), before)) << "a skipped step changed it";
  adversary.learn({{good, -good}}, 9, 100);
  EXPECT_FALSE(torch::equal(weight(), before));
  for (int step = 10; step < 19; ++step) adversary.learn({{bad, good}}, step, 100);
  EXPECT_THROW(adversary.learn({{bad, good}}, 19, 100), Error);
}

TEST_F(CodecTraining, KeepsTheLastCheckpointsAndTheBest) {
  write_tiny_shard(folder_ / "held-out.tar", 3, 32);
  auto recipe = narrowed(kEmbedded);
  recipe.checkpoint_every = recipe.evaluation.every = 1;
  recipe.evaluation.batches = 2;
  recipe.evaluation.shards = (folder_ / "held-out.tar").string();
  CodecTrainer(recipe, folder_ / "run").run();
  recipe.steps = 6;
  CodecTrainer worse(recipe, folder_ / "run");
  worse.codec()->decoder->last_layer().detach().fill_(9);
  worse.run();
  std::istringstream lines(read_file(folder_ / "run/metrics.jsonl"));
  double least = std::numeric_limits<double>::infinity();
  int64_t best = 0;
  for (std::string line; std::getline(lines, line);) {
    const Json json = Json::parse(line);
    if (json.value("eval_loss", least) >= least) continue;
    least = json["eval_loss"];
    best = json["step"];
    EXPECT_GT(json["eval_psnr"], 0);
  }
  ASSERT_TRUE(best == 1 || best == 2) << best;
  std::set<int64_t> kept;
  for (const auto& item : fs::directory_iterator(folder_ / "run/checkpoints"))
    kept.insert(read_json(item.path() / "state.json").at("step").get<int64_t>());
  EXPECT_EQ(kept, (std::set<int64_t>{best, 5, 6}));
  EXPECT_EQ(read_json(folder_ / "run/best/state.json").at("step"), best);
  EXPECT_EQ(read_json(folder_ / "run/checkpoint/state.json").at("step"), 6);
  EXPECT_EQ(read_json(folder_ / "run/checkpoint/state.json").at("best"), least);
}

TEST_F(CodecTraining, EvaluatesTheSamePicturesEveryTimeAndLeavesTheRunAlone) {
  auto recipe = narrowed(kEmbedded);
  recipe.evaluation.shards = (folder_ / "a.tar").string();
  recipe.evaluation.batches = 3;
  CodecTrainer trainer(recipe, folder_ / "run"), other(recipe, folder_ / "other");
  const Json first = trainer.evaluate();
  EXPECT_EQ(trainer.evaluate(), first);
  EXPECT_EQ(trainer.step(), other.step());
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
