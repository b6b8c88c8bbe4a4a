// A run's folder: one run at a time, logs without steps of a run that was killed, states that are
// refused by name; and what happens between steps.
#include "showo/train/run.h"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <set>
#include <sstream>

#include "showo/train/codec_trainer.h"
#include "showo/train/recipe.h"

namespace showo {
namespace {

class RunTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("showo-run-" + std::to_string(::getpid()));
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  RunFolder open(bool writes = true) const { return {folder_, ShowoRecipe(), writes}; }
  fs::path metrics() const { return folder_ / "metrics.jsonl"; }
  uint64_t event_bytes() const {
    uint64_t bytes = 0;
    for (const auto& item : fs::directory_iterator(folder_))
      if (item.path().filename().string().starts_with("events.")) bytes += item.file_size();
    return bytes;
  }
  fs::path folder_;
};

TEST_F(RunTest, ASecondRunInAFolderIsRefused) {
  {
    const RunFolder first = open();
    EXPECT_NO_THROW(open(/*writes=*/false)) << "another process of the same job";
    EXPECT_THROW(open(), Error);
  }
  EXPECT_NO_THROW(open());
}

TEST_F(RunTest, LogsHoldNoStepTwice) {
  {
    RunFolder run = open();
    run.open_logs(0);
    run.log({{"step", 1}, {"loss", 2}});
    run.log({{"step", 2}, {"eval_loss", 2}});
  }
  const std::string kept = read_file(metrics());
  const uint64_t bytes = event_bytes();
  {
    RunFolder run = open();
    run.open_logs(2);
    run.log({{"step", 3}, {"loss", 1}});
  }
  const uint64_t head = event_bytes() - bytes;  // of a second file: its version and one scalar
  for (const std::string& tail :
       {std::string(), std::string("{\"step\":4,\"lo"), std::string(3, '\0')}) {
    write_file_atomically(metrics(), read_file(metrics()) + tail);
    RunFolder run = open();
    run.open_logs(2);
    EXPECT_EQ(read_file(metrics()), kept) << tail;
    run.log({{"step", 3}, {"loss", 0.5}});
    EXPECT_EQ(read_file(metrics()), kept + "{\"loss\":0.5,\"step\":3}\n");
  }
  EXPECT_LT(event_bytes(), bytes + 4 * head) << "nothing was cut off the event files";
  open().open_logs(0);
  EXPECT_EQ(read_file(metrics()), "") << "a run that begins anew";
}

TEST_F(RunTest, AStateThatIsWrongIsNamed) {
  const fs::path state = folder_ / "checkpoints/step-0000001/state.json";
  make_folder(state.parent_path());
  fs::create_directory_symlink("checkpoints/step-0000001", folder_ / "checkpoint");
  for (const std::string text :
       {R"({"step": -1, "streams": []})", R"({"step": "x", "streams": []})", R"({"streams": []})",
        R"({"step": 1})", R"({"step": 1, "streams": [{"epoch": -1}]})", R"({"step": 1, "str)", "[]",
        R"({"step": 1, "streams": [], "best": "x"})", R"({"step": 1e30, "streams": []})"}) {
    write_file_atomically(state, text);
    try {
      open().state();
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("state.json"), std::string::npos) << error.what();
    }
  }
  write_file_atomically(state, R"({"step": 7, "streams": [{"epoch": 1}], "best": 0.5})");
  EXPECT_EQ(open().state().step, 7);
  EXPECT_EQ(open().state().best, 0.5);
}

TEST_F(RunTest, ASkippedStepReplacesNoCheckpoint) {
  RunFolder run = open();
  run.open_logs(0);
  double best = std::numeric_limits<double>::infinity(), loss = 9;
  int64_t step = 0;
  std::vector<int64_t> saved;
  Pauses pauses({.steps = 9,
                 .evaluate_every = 1,
                 .preview_every = 0,
                 .checkpoint_every = 2,
                 .evaluate =
                     [&] {
                       return Json{{"step", step}, {"eval_loss", loss}};
                     },
                 .preview = [] { FAIL(); },
                 .save = [&] { saved.push_back(step); }},
                run, Group(), best);
  EXPECT_TRUE(pauses.after(step = 1, false, false));
  EXPECT_TRUE(pauses.after(step = 2, true, false));
  loss = 8;
  EXPECT_TRUE(pauses.after(step = 3, true, false));
  EXPECT_EQ(best, 9) << "the weights of a skipped step are no news";
  EXPECT_EQ(saved, (std::vector<int64_t>{1}));
  loss = 10;
  EXPECT_TRUE(pauses.after(step = 5, false, false));
  EXPECT_TRUE(pauses.after(step = 7, false, false));
  EXPECT_EQ(saved, (std::vector<int64_t>{1, 5})) << "what was due is saved with the next good step";
  pauses.after(step = 9, true, false);
  EXPECT_EQ(saved.back(), 9) << "the last step is saved";
}

// Every value of a recipe by its key's name, wherever it stands.
void collect_names(const Json& json, std::set<std::string>& names) {
  for (const auto& [key, value] : json.items()) {
    if (key == "sampling") continue;  // how its results are drawn
    if (value.is_object())
      collect_names(value, names);
    else
      names.insert(key);
  }
}

// A new key must be put on one of the two sides.
TEST(RecipeKeys, EachAreKnownToChangeResultsOrNot) {
  std::set<std::string> names, with, without;
  collect_names(config_to_json(ShowoRecipe()), names);
  collect_names(config_to_json(CodecRecipe()), names);
  for (const auto& name : names) (changes_results(name) ? with : without).insert(name);
  EXPECT_EQ(without, (std::set<std::string>{"ahead",     "captions",    "checkpoint_every",
                                            "codec",     "every",       "features",
                                            "images",    "init_from",   "keep",
                                            "log_every", "max_corrupt", "names",
                                            "path",      "paths",       "preview_every",
                                            "prompts",   "recompute",   "shard_optimizer",
                                            "teacher",   "threads",     "tokenizer",
                                            "tower"}));
  EXPECT_EQ(with, (std::set<std::string>{"accumulate",
                                         "adversarial",
                                         "adversarial_start",
                                         "any_name",
                                         "attention",
                                         "attention_bias",
                                         "batch",
                                         "batches",
                                         "beta1",
                                         "beta2",
                                         "bf16",
                                         "bos_token_id",
                                         "caption_key",
                                         "ch",
                                         "classes",
                                         "clip",
                                         "code_temperature",
                                         "column",
                                         "commitment",
                                         "decoder_ch_mult",
                                         "decoder_num_res_blocks",
                                         "drop_first",
                                         "drop_text",
                                         "ema",
                                         "encoder_ch_mult",
                                         "encoder_num_res_blocks",
                                         "entropy",
                                         "eos_token_id",
                                         "eps",
                                         "factor",
                                         "first_steps",
                                         "format",
                                         "freeze",
                                         "freeze_encoder",
                                         "guidance",
                                         "head_dim",
                                         "hidden_least",
                                         "hidden_most",
                                         "hidden_size",
                                         "high_freq_factor",
                                         "image_size",
                                         "independent_turns",
                                         "intermediate_size",
                                         "joint_entropy",
                                         "l1",
                                         "l2",
                                         "later_temperature",
                                         "layer_norm_eps",
                                         "layers",
                                         "lm",
                                         "lm_length",
                                         "loss",
                                         "low_freq_factor",
                                         "lr",
                                         "magvit_features",
                                         "max_position_embeddings",
                                         "min_lr",
                                         "min_masked",
                                         "mixing",
                                         "mmu",
                                         "mmu_length",
                                         "model_type",
                                         "muon",
                                         "no_decay",
                                         "norm_groups",
                                         "num_attention_heads",
                                         "num_hidden_layers",
                                         "num_key_value_heads",
                                         "original_max_position_embeddings",
                                         "partial_rotary_factor",
                                         "perceptual",
                                         "plain_captions",
                                         "qk_norm",
                                         "regions",
                                         "rms_norm_eps",
                                         "rope_theta",
                                         "rope_type",
                                         "schedule",
                                         "seed",
                                         "shuffle",
                                         "steps",
                                         "stories",
                                         "story_length",
                                         "system_prompt",
                                         "t2i",
                                         "text_tokens",
                                         "tie_word_embeddings",
                                         "train",
                                         "vision",
                                         "vocab_size",
                                         "warmup_steps",
                                         "weight_decay",
                                         "z_channels"}));
}

class GoingOn : public RunTest {
 protected:
  void SetUp() override {
    RunTest::SetUp();
    before_ = spdlog::default_logger();
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "", std::make_shared<spdlog::sinks::ostream_sink_mt>(log_)));
    open();
    const fs::path checkpoint = folder_ / "checkpoints/step-0000001";
    make_folder(checkpoint);
    write_file_atomically(checkpoint / "state.json", R"({"step": 1, "streams": []})");
    fs::create_directory_symlink("checkpoints/step-0000001", folder_ / "checkpoint");
  }
  void TearDown() override {
    spdlog::set_default_logger(before_);
    RunTest::TearDown();
  }
  std::string complaint(const ShowoRecipe& recipe) const {
    try {
      RunFolder(folder_, recipe);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  std::ostringstream log_;
  std::shared_ptr<spdlog::logger> before_;
};

TEST_F(GoingOn, IsRefusedOnlyWhereResultsWouldChange) {
  ShowoRecipe recipe;
  recipe.log_every = recipe.checkpoint_every = recipe.preview_every = recipe.keep = 7;
  recipe.data.t2i.threads = recipe.data.mmu.ahead = 7;
  recipe.data.t2i.path = recipe.data.lm.path = recipe.codec = recipe.tokenizer = "elsewhere";
  recipe.data.mmu.paths = {"elsewhere"};
  recipe.prompts = {"a frog"};
  recipe.evaluation.every = 7;
  recipe.recompute = true;
  EXPECT_EQ(complaint(recipe), "");
  for (const char* change :
       {"data.t2i.threads 0 → 7", "data.lm.path \"\" → \"elsewhere\"", "keep 2 → 7"})
    EXPECT_NE(log_.str().find(change), std::string::npos) << change << " in " << log_.str();
  recipe.batch.t2i = 11;
  EXPECT_NE(complaint(recipe).find("another recipe (batch.t2i 10 → 11)"), std::string::npos)
      << complaint(recipe);
  recipe.batch.t2i = 10;
  recipe.data.lm.format = "lines";
  EXPECT_NE(complaint(recipe).find("data.lm.format"), std::string::npos) << complaint(recipe);
}

TEST_F(GoingOn, ToOtherStepsSaysHowTheLearningRateJumps) {
  ShowoRecipe recipe;
  OptimizerOptions options;
  options.lr = 1e-3;
  options.warmup_steps = 0;
  RunFolder(folder_, recipe).explain_rate(options, 9000, recipe.steps);
  EXPECT_EQ(log_.str(), "") << "no other steps";
  recipe.steps = 20000;
  RunFolder(folder_, recipe).explain_rate(options, 9000, recipe.steps);
  EXPECT_NE(
      log_.str().find("steps 10000 → 20000: the learning rate goes from 2.45e-05 at step 9000 "
                      "to 0.000578 at step 9001"),
      std::string::npos)
      << log_.str();
}

}  // namespace
}  // namespace showo
