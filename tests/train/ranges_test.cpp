// Recipes whose numbers cannot be right: refused by key when they are read, or when the image
// tokenizer and the model are known, never in the middle of a run.
#include <gtest/gtest.h>
#include <unistd.h>

#include "showo/train/codec_trainer.h"
#include "tests/support/tiny_recipe.h"

namespace showo {
namespace {

template <class Recipe>
std::string complaint_about(const std::string& yaml) {
  Recipe recipe;
  try {
    read_config(recipe, parse_yaml(yaml, "run.yaml"), "run.yaml");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

struct Case {
  const char *yaml, *expected;
};

TEST(RecipeRanges, AreCheckedAsItIsRead) {
  for (const auto& [yaml, expected] : std::initializer_list<Case>{
           {"text_tokens: -1", "text_tokens: expected 2 to 65536, found -1"},
           {"text_tokens: 1", "text_tokens: expected 2 to 65536, found 1"},
           {"batch: {lm_length: -5}", "batch.lm_length: expected 2 to 1048576, found -5"},
           {"batch: {mmu_length: 0}", "batch.mmu_length: expected 6 to 1048576, found 0"},
           {"batch: {t2i: -4}", "batch.t2i: expected 0 to 1000000, found -4"},
           {"batch: {drop_text: 1.5}", "batch.drop_text: expected 0 to 1, found 1.5"},
           {"keep: -1", "keep: expected 1 to 1000000, found -1"},
           {"log_every: -1", "log_every: expected at least 0, found -1"},
           {"accumulate: 0", "accumulate: expected 1 to 1000000, found 0"},
           {"steps: 0", "steps: expected at least 1, found 0"},
           {"ema: 1", "ema: expected 0 to "},
           {"optimizer: {lr: .nan}", "optimizer.lr: expected at least 0, found nan"},
           {"optimizer: {lr: .inf}", "optimizer.lr: expected at least 0, found inf"},
           {"optimizer: {lr: -1}", "optimizer.lr: expected at least 0, found -1"},
           {"optimizer: {beta1: 1}", "optimizer.beta1: expected 0 to "},
           {"optimizer: {eps: 0}", "optimizer.eps: expected above 0, found 0"},
           {"coefficients: {t2i: .nan}", "coefficients.t2i: expected at least 0, found nan"},
           {"evaluation: {batches: 0}", "evaluation.batches: expected 1 to 1000000, found 0"},
           {"llm: {hidden_size: -8}", "llm.hidden_size: expected 1 to 65536, found -8"},
           {"data: {t2i: {path: a.tar, shuffle: -1}}", "data.t2i.shuffle: expected 0 to "},
           {"data: {t2i: {path: a.tar, threads: 257}}", "data.t2i.threads: expected 0 to 256"}}) {
    EXPECT_TRUE(
        complaint_about<ShowoRecipe>(yaml).starts_with(std::string("run.yaml: ") + expected))
        << complaint_about<ShowoRecipe>(yaml);
  }
  for (const auto& [yaml, expected] : std::initializer_list<Case>{
           {"batch: 0", "batch: expected 1 to 1000000, found 0"},
           {"image_size: 0", "image_size: expected 1 to 16384, found 0"},
           {"l2: -1", "l2: expected at least 0, found -1"},
           {"discriminator: {optimizer: {lr: .nan}}", "discriminator.optimizer.lr: expected"},
           {"codec: {norm_groups: 0}", "codec.norm_groups: expected 1 to 4096, found 0"}}) {
    EXPECT_TRUE(
        complaint_about<CodecRecipe>(yaml).starts_with(std::string("run.yaml: ") + expected))
        << complaint_about<CodecRecipe>(yaml);
  }
}

TEST(RecipeRanges, HoldTheDefaults) {
  EXPECT_NO_THROW(check_ranges(ShowoRecipe(), "recipe"));
  EXPECT_NO_THROW(check_ranges(CodecRecipe(), "recipe"));
}

// What only the image tokenizer and the model can tell.
TEST(RecipeRanges, AreHeldAgainstTheModel) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("showo-ranges-{}", ::getpid());
  make_folder(folder);
  const ShowoRecipe good = tiny_recipe(folder);
  const auto complaint = [&](auto change) -> std::string {
    ShowoRecipe recipe = good;
    change(recipe);
    try {
      Trainer(recipe, folder / "run");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(complaint([](auto&) {}), "");
  const auto names = [&](auto change, const std::string& expected) {
    EXPECT_NE(complaint(change).find(expected), std::string::npos) << complaint(change);
  };
  names([](auto& r) { r.batch.image_size = 17; }, "batch.image_size 17 is not a multiple of");
  names([](auto& r) { r.batch.mmu_length = 60; }, "batch.mmu_length 60: expected at least 70");
  names([](auto& r) { r.text_tokens = 2000; },
        "more than the model's max_position_embeddings 2048");
  names([](auto& r) { r.batch.mmu_length = 4096; }, "batch.mmu_length 4096: more than");
  names([](auto& r) { r.keep = -3; }, "keep: expected 1 to");
  fs::remove_all(folder);
}

}  // namespace
}  // namespace showo
