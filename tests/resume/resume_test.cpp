// A run that stops and resumes must end with the very same bits as one that never stopped.
#include <gtest/gtest.h>

#include "showo/codec/checkpoint.h"
#include "showo/codec/initialise.h"
#include "showo/data/shards.h"
#include "showo/image/image.h"
#include "showo/image/png.h"
#include "showo/train/codec_trainer.h"
#include "showo/train/trainer.h"
#include "tests/support/tiny_recipe.h"

namespace showo {
namespace {

class Resume : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("showo-resume-" + std::to_string(::getpid()));
    make_folder(folder_);
    std::vector<Sample> samples;
    for (int i = 0; i < 7; ++i) {
      Image image(16, 16);
      for (size_t p = 0; p < image.rgb.size(); ++p)
        image.rgb[p] = static_cast<uint8_t>(p * (i + 3));
      samples.push_back({std::to_string(i),
                         encode_png(image),
                         "picture " + std::to_string(i),
                         {{"what?", "a " + std::to_string(i), ""}},
                         ""});
    }
    write_shard(folder_ / "a.tar", samples);
  }
  void TearDown() override { fs::remove_all(folder_); }

  CodecRecipe codec_recipe() const {
    CodecRecipe recipe;
    recipe.codec = {32, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 4};
    recipe.shards = (folder_ / "a.tar").string();
    recipe.image_size = 16;
    recipe.batch = 2;
    recipe.steps = 6;
    recipe.optimizer.warmup_steps = 2;
    recipe.bf16 = false;
    recipe.preview_every = recipe.checkpoint_every = 100;
    return recipe;
  }

  static void expect_equal(const TensorMap& a, const TensorMap& b) {
    ASSERT_EQ(a.size(), b.size());
    for (const auto& [name, tensor] : a) EXPECT_TRUE(torch::equal(tensor, b.at(name))) << name;
  }
  fs::path folder_;
};

TEST_F(Resume, CodecRunEndsWithTheSameBits) {
  const auto recipe = codec_recipe();
  CodecTrainer(recipe, folder_ / "whole").run();
  {
    CodecTrainer first(recipe, folder_ / "parts");
    for (int i = 0; i < 3; ++i) first.step();
    first.save();
  }
  CodecTrainer second(recipe, folder_ / "parts");
  EXPECT_EQ(second.steps_done(), 3);
  second.run();
  for (const char* file :
       {"checkpoint/codec/pytorch_model.safetensors", "checkpoint/optimizer.safetensors"}) {
    expect_equal(read_safetensors(folder_ / "whole" / file).tensors,
                 read_safetensors(folder_ / "parts" / file).tensors);
  }
}

TEST_F(Resume, ShowoRunEndsWithTheSameBits) {
  CodecTrainer(codec_recipe(), folder_ / "codec").save();
  ShowoRecipe recipe;
  recipe.llm.hidden_size = 32;
  recipe.llm.intermediate_size = 64;
  recipe.llm.num_hidden_layers = 2;
  recipe.llm.num_attention_heads = 2;
  recipe.text_tokens = 16;
  recipe.codec = (folder_ / "codec/checkpoint/codec").string();
  recipe.tokenizer = SHOWO_SOURCE_DIR "/configs/embedded/llm";
  recipe.data.t2i.path = recipe.data.mmu.path = (folder_ / "a.tar").string();
  recipe.batch = {.t2i = 2, .lm = 0, .mmu = 2, .image_size = 16};
  recipe.accumulate = 2;
  recipe.ema = 0.9;
  recipe.recompute = true;
  recipe.optimizer.muon = {"layers."};
  recipe.evaluation.data = recipe.data;
  recipe.evaluation.every = recipe.evaluation.batches = 2;
  recipe.optimizer.warmup_steps = 2;
  recipe.steps = 6;
  recipe.preview_every = recipe.checkpoint_every = 100;
  Trainer(recipe, folder_ / "whole").run();
  {
    Trainer first(recipe, folder_ / "parts");
    for (int i = 0; i < 3; ++i) first.step();
    first.save();
  }
  Trainer second(recipe, folder_ / "parts");
  EXPECT_EQ(second.steps_done(), 3);
  second.run();
  for (const char* file :
       {"checkpoint/model/pytorch_model.safetensors",
        "checkpoint/model_ema/pytorch_model.safetensors", "checkpoint/optimizer.safetensors",
        "best/model/pytorch_model.safetensors"}) {
    expect_equal(read_safetensors(folder_ / "whole" / file).tensors,
                 read_safetensors(folder_ / "parts" / file).tensors);
  }
}

// Epochs of three steps: a stop in the first, one in the second.
TEST_F(Resume, MinSizeRunEndsWithTheSameBits) {
  auto recipe = tiny_recipe(folder_ / "tiny");
  recipe.mixing = "min_size";
  Trainer(recipe, folder_ / "whole").run();
  for (const int stop : {2, 4}) {
    Trainer part(recipe, folder_ / "parts");
    while (part.steps_done() < stop) part.step();
    part.save();
  }
  Trainer last(recipe, folder_ / "parts");
  EXPECT_EQ(last.steps_done(), 4);
  last.run();
  const char* file = "checkpoint/model/pytorch_model.safetensors";
  const auto whole = read_safetensors(folder_ / "whole" / file).tensors;
  expect_equal(whole, read_safetensors(folder_ / "parts" / file).tensors);
  EXPECT_EQ(read_json(folder_ / "whole/checkpoint/state.json"),
            read_json(folder_ / "parts/checkpoint/state.json"));
  recipe.mixing = "max_size_cycle";
  Trainer(recipe, folder_ / "cycled").run();
  const auto cycled = read_safetensors(folder_ / "cycled" / file).tensors;
  EXPECT_TRUE(std::ranges::any_of(whole, [&](const auto& item) {
    return !torch::equal(item.second, cycled.at(item.first));
  })) << "both modes saw the same samples";
}

TEST_F(Resume, FromElsewhereWithOtherThreadsEndsWithTheSameBits) {
  auto recipe = tiny_recipe(folder_ / "tiny");
  Trainer(recipe, folder_ / "whole").run();
  {
    Trainer first(recipe, folder_ / "parts");
    for (int i = 0; i < 3; ++i) first.step();
    first.save();
  }
  fs::rename(folder_ / "tiny", folder_ / "moved");
  recipe.codec = (folder_ / "moved/codec").string();
  recipe.data.t2i.path = (folder_ / "moved/a.tar").string();
  recipe.data.mmu.path = (folder_ / "moved/b.tar").string();
  recipe.data.t2i.threads = recipe.data.t2i.ahead = 2;
  recipe.log_every = recipe.keep = 1;
  recipe.recompute = true;
  Trainer second(recipe, folder_ / "parts");
  EXPECT_EQ(second.steps_done(), 3);
  second.run();
  const char* file = "checkpoint/model/pytorch_model.safetensors";
  expect_equal(read_safetensors(folder_ / "whole" / file).tensors,
               read_safetensors(folder_ / "parts" / file).tensors);
}

TEST_F(Resume, WithAnotherTokenizerInTheSamePlaceIsRefused) {
  const auto recipe = tiny_recipe(folder_ / "tiny");
  Trainer(recipe, folder_ / "run").save();
  Magvit codec(CodecConfig{32, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 4});
  initialise_codec(codec, 2);
  save_codec(recipe.codec, codec);
  try {
    Trainer(recipe, folder_ / "run");
    ADD_FAILURE() << "trained on with other codes";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("another image tokenizer"), std::string::npos)
        << error.what();
  }
}

TEST_F(Resume, AnotherRecipeIsRefused) {
  auto recipe = codec_recipe();
  CodecTrainer(recipe, folder_ / "run").save();
  recipe.batch = 3;
  EXPECT_THROW(CodecTrainer(recipe, folder_ / "run"), Error);
}

}  // namespace
}  // namespace showo
