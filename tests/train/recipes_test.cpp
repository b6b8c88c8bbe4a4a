// The recipes in configs/: each parses and says what the paper's stages say, and each runs, with
// nothing but its size and its files exchanged – a stage from the one that it names as its start.
#include <gtest/gtest.h>

#include "showo/checkpoint/load.h"
#include "showo/codec/checkpoint.h"
#include "showo/codec/initialise.h"
#include "showo/data/emoji_dataset.h"
#include "showo/train/trainer.h"
#include "showo/vision/clip_folder.h"

namespace showo {
namespace {

const fs::path kSource = SHOWO_SOURCE_DIR;

struct Stage {
  const char *file, *run;  // the run's name in the recipes that go on from it
};
// In the order in which they are run.
const Stage kStages[] = {
    {"published/showo_pretraining_stage1.yaml", "stage1"},
    {"published/showo_pretraining_stage2.yaml", "stage2"},
    {"published/showo_pretraining_stage3.yaml", "stage3"},
    {"published/showo_instruction_tuning_1.yaml", "tuning1"},
    {"published/showo_instruction_tuning_2.yaml", "tuning2"},
    {"published/showo_pretraining_stage3_512x512.yaml", "stage3_512x512"},
    {"published/showo_instruction_tuning_1_512x512.yaml", "tuning1_512x512"},
    {"published/showo_instruction_tuning_2_512x512.yaml", "tuning2_512x512"},
    {"published/showo_llava_pretrain_w_clip_vit.yaml", "llava_pretrain_w_clip_vit"},
    {"published/showo_llava_tuning_w_clip_vit.yaml", "llava_tuning_w_clip_vit"},
    {"published/showo_llava_pretrain_w_clip_vit_512x512.yaml", "llava_pretrain_w_clip_vit_512x512"},
    {"published/showo_llava_tuning_w_clip_vit_512x512.yaml", "llava_tuning_w_clip_vit_512x512"},
    {"embedded/showo_stage1.yaml", "showo-stage1"},
    {"embedded/showo_stage2.yaml", "showo-stage2"},
    {"embedded/showo_stage3.yaml", "showo-stage3"},
    {"embedded/llama_stage1.yaml", "llama-stage1"},
    {"embedded/llama_stage2.yaml", "llama-stage2"},
    {"embedded/llama_stage3.yaml", "llama-stage3"},
    {"embedded/magvit_projector.yaml", "magvit-projector"},
    {"embedded/magvit_tuning.yaml", "magvit-tuning"},
    {"embedded/clip_projector.yaml", "clip-projector"},
    {"embedded/clip_tuning.yaml", "clip-tuning"},
    {"embedded/story.yaml", "story"},
    {"embedded/story_gpu.yaml", "story-gpu"},
    {"embedded/few_steps.yaml", "few-steps"},
};

Json yaml_of(const std::string& file) { return read_yaml(kSource / "configs" / file); }

ShowoRecipe parsed(const Json& json) {
  ShowoRecipe recipe;
  read_config(recipe, json, "recipe");
  recipe.check();
  return recipe;
}

std::string complaint(const Json& json) {
  try {
    parsed(json);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Recipes, AllParse) {
  std::set<std::string> known = {"embedded/codec.yaml", "embedded/codec_decoder.yaml",
                                 "embedded/clip.yaml"},
                        found;  // those of codec_trainer_test.cpp and clip_trainer_test.cpp
  for (const Stage& stage : kStages) {
    known.insert(stage.file);
    EXPECT_EQ(complaint(yaml_of(stage.file)), "") << stage.file;
  }
  for (const std::string folder : {"published", "embedded"}) {
    for (const auto& item : fs::directory_iterator(kSource / "configs" / folder)) {
      if (item.path().extension() == ".yaml")
        found.insert(folder + "/" + item.path().filename().string());
    }
  }
  EXPECT_EQ(known, found) << "a recipe that no test knows";
}

TEST(Recipes, ThatAreWrongAreRefused) {
  const Json good = yaml_of(kStages[0].file);
  auto said = [&](const char* pointer, const Json& value) {
    Json changed = good;
    changed[Json::json_pointer(pointer)] = value;
    return complaint(changed);
  };
  EXPECT_NE(said("/batch/t2j", 1).find("recipe: batch: unknown key 't2j'"), std::string::npos)
      << said("/batch/t2j", 1);
  EXPECT_NE(said("/data/mmu/format", "tfrecord").find("format 'tfrecord'"), std::string::npos);
  EXPECT_NE(said("/data/lm/images", "x").find("'images' has no meaning"), std::string::npos);
  EXPECT_NE(said("/mixing", "sequential").find("mixing 'sequential'"), std::string::npos);
  EXPECT_NE(said("/steps", 0).find("steps: expected at least 1, found 0"), std::string::npos);
  EXPECT_NE(said("/batch/schedule", "linea").find("linea"), std::string::npos);
}

// lr, steps, rows and epochs as published (showlab/Show-o, configs).
TEST(Recipes, OfThePaperSayWhatItSays) {
  struct Row {
    double lr;
    int64_t steps, t2i, lm, mmu, warmup, text;
    const char *mixing, *t2i_format, *mmu_format;
  };
  const Row rows[] = {
      {1e-4, 500000, 15, 4, 10, 5000, 128, "max_size_cycle", "imagenet", "webdataset"},
      {1e-4, 1000000, 10, 4, 10, 5000, 128, "max_size_cycle", "webdataset", "webdataset"},
      {2e-5, 50000, 10, 4, 10, 5000, 128, "max_size_cycle", "webdataset", "webdataset"},
      {2e-5, 10000, 4, 2, 7, 1000, 381, "min_size", "webdataset", "llava"},
      {5e-5, 14000, 4, 2, 6, 1000, 381, "min_size", "webdataset", "llava"},
      {2e-5, 50000, 10, 4, 10, 5000, 128, "max_size_cycle", "webdataset", "webdataset"},
      {2e-5, 14000, 5, 2, 5, 1000, 381, "min_size", "webdataset", "llava"},
      {5e-5, 16000, 5, 2, 5, 1000, 381, "min_size", "webdataset", "llava"},
      {2e-3, 10000, 2, 2, 10, 1000, 512, "max_size_cycle", "webdataset", "llava"},
      {1e-4, 19600, 3, 1, 4, 1000, 576, "max_size_cycle", "webdataset", "llava"},
      {2e-3, 7000, 2, 2, 10, 1000, 512, "max_size_cycle", "webdataset", "llava"},
      {1e-4, 19600, 3, 1, 4, 1000, 576, "max_size_cycle", "webdataset", "llava"},
  };
  for (size_t i = 0; i < std::size(rows); ++i) {
    SCOPED_TRACE(kStages[i].file);
    const ShowoRecipe recipe = parsed(yaml_of(kStages[i].file));
    const Row& row = rows[i];
    const bool large = std::string(kStages[i].file).find("512x512") != std::string::npos;
    EXPECT_EQ(recipe.optimizer.lr, row.lr);
    EXPECT_EQ(recipe.steps, row.steps);
    EXPECT_EQ(recipe.batch.t2i, row.t2i);
    EXPECT_EQ(recipe.batch.lm, row.lm);
    EXPECT_EQ(recipe.batch.mmu, row.mmu);
    EXPECT_EQ(recipe.optimizer.warmup_steps, row.warmup);
    EXPECT_EQ(recipe.text_tokens, row.text);
    EXPECT_EQ(recipe.mixing, row.mixing);
    EXPECT_EQ(recipe.data.t2i.format, row.t2i_format);
    EXPECT_EQ(recipe.data.mmu.format, row.mmu_format);
    EXPECT_EQ(recipe.data.lm.format, "parquet");
    EXPECT_EQ(recipe.batch.image_size, large ? 512 : 256);
    // Texts have the room that a row of text and picture has beside its picture.
    EXPECT_EQ(recipe.batch.lm_length, row.text + (large ? 1024 : 256) + 3);
    EXPECT_EQ(recipe.coefficients.t2i, 1);
    EXPECT_EQ(recipe.coefficients.lm, 0.1);
    EXPECT_EQ(recipe.coefficients.mmu, 1);
    EXPECT_EQ(recipe.batch.drop_text, 0.1);
    EXPECT_EQ(recipe.optimizer.clip, 0);
    EXPECT_TRUE(recipe.bf16);
    const bool clip = std::string(kStages[i].file).find("clip_vit") != std::string::npos;
    EXPECT_EQ(recipe.vision, clip ? "clip" : "");
    const bool aligns = std::string(kStages[i].file).find("pretrain_w") != std::string::npos;
    EXPECT_EQ(recipe.train,
              aligns ? std::vector<std::string>{"mm_projector."} : std::vector<std::string>{});
    EXPECT_EQ(recipe.batch.plain_captions, aligns);
    EXPECT_EQ(recipe.batch.system_prompt, !aligns);
  }
}

class RecipesRun : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("showo-recipes-" + std::to_string(::getpid()));
    make_folder(folder_);
    write_codec();
    write_tower();
    write_language_model();
    write_emoji();
  }
  void TearDown() override { fs::remove_all(folder_); }

  // The published 13 bits and stride, and hardly any width.
  void write_codec() const {
    CodecConfig config;
    config.ch = config.norm_groups = 4;
    config.encoder_ch_mult = config.decoder_ch_mult = {1, 1, 1, 1, 1};
    config.encoder_num_res_blocks = config.decoder_num_res_blocks = {1, 1, 1, 1, 1};
    Magvit codec(config);
    initialise_codec(codec, 1);
    save_codec(folder_ / "codec", codec);
  }

  void write_tower() const {
    ClipConfig config;
    config.vision_config.hidden_size = config.text_config.hidden_size = 16;
    config.vision_config.intermediate_size = config.text_config.intermediate_size = 32;
    config.vision_config.num_hidden_layers = config.text_config.num_hidden_layers = 2;
    config.vision_config.num_attention_heads = config.text_config.num_attention_heads = 2;
    config.vision_config.image_size = 16;
    config.vision_config.patch_size = 8;
    Clip clip(config);
    initialise_clip(clip, 1);
    make_folder(folder_ / "clip");
    write_clip(folder_ / "clip", clip);
  }

  // phi-1.5's folder: its vocabulary, no QK-norm, the tokenizer beside the weights.
  void write_language_model() const {
    const fs::path out = folder_ / "phi";
    fs::copy(kSource / "models/phi-tokenizer", out, fs::copy_options::recursive);
    LlmConfig llm;
    llm.hidden_size = 16;
    llm.intermediate_size = 32;
    llm.num_hidden_layers = llm.num_attention_heads = 2;
    write_file_atomically(out / "config.json", llm_config_to_json(llm).dump());
    Showo model(ShowoConfig(), llm);
    initialise_showo(model, 1);
    TensorMap tensors;
    for (const auto& [name, tensor] : state_of(*model)) {
      if (name.find("_layernorm") != std::string::npos && name.find("self_attn") != name.npos)
        continue;
      const bool vocabulary =
          name.find("embed_tokens") != name.npos || name.find("lm_head") != name.npos;
      tensors[name.substr(std::string("showo.").size())] =
          vocabulary ? tensor.narrow(0, 0, llm.vocab_size) : tensor;
    }
    write_safetensors(out / "model.safetensors", tensors);
  }

  void write_emoji() const {
    emoji::EmojiOptions options;
    options.kinds = 12;
    options.scenes = options.scenes_per_shard = 30;
    options.held_apart = options.stories = 4;
    options.packages = (kSource / "tests/data/icons").string();
    options.kinds_file = options.packages + "/kinds.txt";
    emoji::write_emoji_dataset(options, folder_ / "emoji");
  }

  void shrink_source(Json& source) const {
    const fs::path fixtures = kSource / "tests/data/fixtures";
    const std::string format = source.value("format", "webdataset"),
                      path = source.contains("paths") ? source["paths"][0] : source.at("path");
    source.erase("paths");
    if (path.starts_with("data/emoji/") || path.starts_with("data/stories/")) {
      std::string name = fs::path(path).filename().string();
      if (const auto range = name.find("-{"); range != std::string::npos)
        name = name.substr(0, range) + "-0000.tar";
      source["path"] = (folder_ / "emoji" / name).string();
    } else if (format == "imagenet") {
      source["path"] = (fixtures / "imagenet/train").string();
      source["names"] = (fixtures / "imagenet" / fs::path(source.at("names")).filename()).string();
    } else if (format == "llava") {
      source["path"] = (fixtures / "llava.json").string();
      source.at("images") = (fixtures / "images").string();
    } else if (format == "parquet") {
      source["path"] = (fixtures / "text.parquet").string();
    } else {
      source["path"] = (fixtures / "shards/captioned-0000.tar.gz").string();
    }
    if (source.contains("prompts"))
      source["prompts"] = (kSource / source["prompts"].get<std::string>()).string();
  }

  // What a user with other files and a small machine would write into the recipe.
  Json shrunk(Json recipe) const {
    const std::string from = recipe.value("init_from", "");
    if (from == "models/phi-1_5") {
      recipe["init_from"] = (folder_ / "phi").string();
    } else if (from == "models/embedded") {
      recipe["init_from"] = (folder_ / "runs/showo-stage3/checkpoint/model").string();
    } else if (!from.empty()) {
      EXPECT_TRUE(from.starts_with("runs/") && from.ends_with("/checkpoint/model")) << from;
      recipe["init_from"] = (folder_ / from).string();
    } else {
      recipe.at("llm").update({{"hidden_size", 16},
                               {"intermediate_size", 32},
                               {"num_hidden_layers", 2},
                               {"num_attention_heads", 2}});
    }
    if (recipe.contains("distillation")) recipe["distillation"]["teacher"] = recipe["init_from"];
    recipe.at("codec") = (folder_ / "codec").string();
    if (recipe.contains("tower")) recipe["tower"] = (folder_ / "clip").string();
    Json& tokenizer = recipe.at("tokenizer");
    tokenizer = tokenizer == "models/phi-1_5" ? (folder_ / "phi").string()
                                              : (kSource / tokenizer.get<std::string>()).string();
    for (auto& source : recipe.at("data")) shrink_source(source);
    Json& batch = recipe.at("batch");
    for (const char* rows : {"t2i", "lm", "mmu"})
      batch.at(rows) = 1 + batch.at(rows).get<int>() / 8;
    batch.at("image_size") = batch.at("image_size").get<int>() / 4;
    if (recipe.contains("evaluation")) {
      recipe["evaluation"]["every"] = 2;
      recipe["evaluation"]["batches"] = 1;
      for (auto& source : recipe["evaluation"]["data"]) shrink_source(source);
    }
    recipe["log_every"] = 1;
    return recipe;
  }
  fs::path folder_;
};

bool has_parquet() {
  SourceConfig source;
  source.format = "parquet";
  source.path = (kSource / "tests/data/fixtures/text.parquet").string();
  try {
    open_source(source);
    return true;
  } catch (const Error&) {
    return false;
  }
}

TEST_F(RecipesRun, TwoStepsEachFromTheStageBefore) {
  for (const Stage& stage : kStages) {
    SCOPED_TRACE(stage.file);
    const Json written = yaml_of(stage.file);
    const Json data = written.at("data");
    const std::string texts =
        data.contains("lm") ? data.at("lm").value("format", "webdataset") : "none";
    if (texts == "parquet" && !has_parquet()) continue;
    ShowoRecipe recipe = parsed(shrunk(written));
    const auto full = recipe;
    recipe.steps = 2;
    Trainer(recipe, folder_ / "runs" / stage.run).run();
    std::istringstream lines(read_file(folder_ / "runs" / stage.run / "metrics.jsonl"));
    std::vector<Json> metrics;
    for (std::string line; std::getline(lines, line);) metrics.push_back(Json::parse(line));
    ASSERT_EQ(metrics.size(), recipe.evaluation.every > 0 ? 3u : 2u);
    for (int step = 0; step < 2; ++step) {
      const Json& line = metrics[step];
      for (const char* name : {"t2i", "lm", "mmu"})
        EXPECT_EQ(line.at(name) > 0,
                  data.contains(name) || (data.contains("stories") && name != std::string("mmu")))
            << name;
      EXPECT_GT(line.at("grad_norm"), 0);
      EXPECT_NEAR(line.at("loss"),
                  line.at("t2i").get<double>() +
                      full.coefficients.lm * line.at("lm").get<double>() +
                      full.coefficients.mmu * line.at("mmu").get<double>(),
                  1e-3);
      EXPECT_NEAR(line.at("lr"),
                  full.optimizer.lr * (step + 1) / static_cast<double>(full.optimizer.warmup_steps),
                  1e-12);
      EXPECT_FALSE(line.contains("skipped"));
    }
    if (recipe.evaluation.every > 0) {
      EXPECT_GT(metrics[2].at("eval_mmu"), 0);
    }
    const Json config = read_json(folder_ / "runs" / stage.run / "checkpoint/model/config.json");
    const bool published = std::string(stage.file).starts_with("published");
    EXPECT_EQ(config.at("vocab_size") == 58498, published);
    EXPECT_EQ(config.at("text_tokens"), written.at("text_tokens"));
    EXPECT_EQ(config.at("vision"), written.value("vision", "discrete"));
    EXPECT_EQ(config.at("w_clip_vit"), config.at("vision") == "clip");
  }
  if (!has_parquet()) GTEST_SKIP() << "the published recipes need Parquet, which is not built in";
}

}  // namespace
}  // namespace showo
