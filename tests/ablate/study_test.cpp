// What a study may say, and that whatever else it says is named.
#include <gtest/gtest.h>

#include "tests/ablate/small_study.h"

namespace showo {
namespace {

std::string complaint(const std::string& from, const std::string& to) {
  try {
    study_of(replaced(kSmallStudy, from, to));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

void expect_complaint(const std::string& from, const std::string& to, const std::string& says) {
  const std::string said = complaint(from, to);
  EXPECT_NE(said.find(says), std::string::npos) << to << ": '" << said << "'";
}

TEST(AblationStudy, IsReadWithItsDefaults) {
  const Study study = study_of(kSmallStudy);
  EXPECT_TRUE(study.name.starts_with("study-")) << "the file's name";
  ASSERT_EQ(study.stages.size(), 3u);
  EXPECT_EQ(study.stages[0].command, "train-clip");
  EXPECT_EQ(study.stages[1].command, "train");
  EXPECT_EQ(study.stages[2].recipe["init_from"], "{pretrain}/model");
  EXPECT_EQ(study.evaluations[0].model, "{tune}/model") << "the last stage's";
  EXPECT_EQ(study.evaluations[0].arguments,
            (std::vector<std::string>{"scenes.tar", "--scenes", "0"}));
  EXPECT_EQ(study.rows[1].paper, (std::vector<std::optional<double>>{40, std::nullopt}));
}

TEST(AblationStudy, NamesUnknownKeysWhereverTheyStand) {
  expect_complaint("title: Small", "title: Small\nrecipe: a", "unknown key 'recipe'");
  expect_complaint("seeded: false", "seed: 1", "stage 'tower': unknown key 'seed'");
  expect_complaint("rows: [base]", "row: base", "evaluation 'drawn': unknown key 'row'");
  expect_complaint("value: generated", "path: a, value: generated",
                   "figure 'pictures': unknown key 'path'");
  expect_complaint("{name: base,", "{name: base, seeds: 3,", "row 'base': unknown key 'seeds'");
  expect_complaint("{claim: The", "{because: x, claim: The", "trend 1: unknown key 'because'");
}

TEST(AblationStudy, NamesOverridesThatARecipeHasNoPlaceFor) {
  expect_complaint("tune.batch.schedule", "tune.batch.schedul",
                   "row 'other schedule': tune: batch: unknown key 'schedul'");
  expect_complaint("tune.batch.schedule", "tune.data.schedule", "the recipe has no 'data'");
  expect_complaint("tune.batch.schedule", "tune.steps.schedule", "'steps' has no keys");
  expect_complaint("tune.batch.schedule", "tuning.batch.schedule", "no stage 'tuning'");
  expect_complaint("tune.batch.schedule", "tune", "expected a stage's name, a dot and a key");
  expect_complaint("set: {init_from", "set: {start_from", "stage 'tune': unknown key 'start_from'");
}

TEST(AblationStudy, NamesWhatStandsTwiceOrIsNotThere) {
  expect_complaint("name: other schedule", "name: base", "row 'base' stands twice");
  expect_complaint("name: pictures,", "name: answers (%),",
                   "another one's picture is answers.svg too");
  expect_complaint("name: pretrain,", "name: tower,", "stage 'tower' stands twice");
  expect_complaint("recipe: tune.yaml", "recipe: none.yaml", "none.yaml: not found");
  expect_complaint("recipe: tune.yaml, ", "", "stage 'tune': recipe is missing");
  expect_complaint("seeds: [1, 2]", "seeds: [1, 1]", "one stands twice");
  expect_complaint("seeds: [1, 2]", "seeds: [-1]", "expected a list of whole numbers");
  expect_complaint("rows: [base]", "rows: [basis]", "no row 'basis'");
  expect_complaint("evaluation: asked", "evaluation: told", "no evaluation 'told'");
  expect_complaint("command: train-clip", "command: ask", "no command 'ask'");
  expect_complaint("[48.7, 948.4]", "[48.7]", "expected 2 numbers");
}

TEST(AblationStudy, NamesAClaimAboutALineThatHasNoSuchFigure) {
  expect_complaint("than: other schedule", "than: others",
                   "trend 'The schedule matters': no row 'others'");
  expect_complaint("higher: base,", "lower: base,", "unknown key 'lower'");
  expect_complaint("higher: \"base @ guidance 2, steps 8\"", "higher: base",
                   "no row 'base'; there are: base @");
  expect_complaint("figure: pictures, higher", "figure: drawings, higher", "no figure 'drawings'");
  expect_complaint("higher: base,", "higher: [base, base],", "expected higher and than");
}

TEST(AblationStudy, RefusesArgumentsThatItGivesItself) {
  expect_complaint("[scenes.tar, --scenes, 0]", "[scenes.tar, --model, a]",
                   "--model is not to be given");
}

TEST(AblationStudy, ARowsOverridesFillItsRecipe) {
  const Study study = study_of(kSmallStudy);
  const Json recipe = recipe_of(study, study.stages[2], study.rows[1], small_recipes());
  EXPECT_EQ(recipe["batch"], (Json{{"rows", 4}, {"schedule", "linear"}}));
  EXPECT_EQ(recipe["init_from"], "{pretrain}/model");
}

TEST(AblationStudy, SettingsAreAllCombinationsTheLastAxisFirst) {
  const Study study = study_of(kSmallStudy);
  const auto settings = settings_of(study.evaluations[1]);
  ASSERT_EQ(settings.size(), 6u);
  EXPECT_EQ(settings[1], (std::vector<std::string>{"--guidance", "0", "--steps", "8"}));
  EXPECT_EQ(setting_name(settings[4]), "guidance 2, steps 8");
  EXPECT_EQ(lines_of(study, study.evaluations[1])[4], "base @ guidance 2, steps 8");
  EXPECT_EQ(lines_of(study, study.evaluations[0]).size(), 3u);
}

}  // namespace
}  // namespace showo
