// Each training and evaluation once, however many rows and seeds need it.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/ablate/small_study.h"

namespace showo {
namespace {

int64_t count(const Plan& plan, const std::string& name) {
  return std::ranges::count(plan.steps, name, &Step::name);
}

const Step* behind(const Plan& plan, const Step& step, const std::string& name) {
  if (step.name == name) return &step;
  for (const auto& need : step.needs)
    if (const Step* found = behind(plan, plan.step(need), name)) return found;
  return nullptr;
}

const Step& of(const Plan& plan, const std::string& row, int64_t seed, const std::string& name) {
  for (const Cell& cell : plan.cells) {
    if (cell.row != row || cell.seed != seed) continue;
    if (const Step* found = behind(plan, plan.step(cell.step), name)) return *found;
  }
  throw Error("no such step");
}

TEST(AblationPlan, StagesThatAreEqualInEveryKeyAreTrainedOnce) {
  const Plan plan = plan_of(study_of(kSmallStudy), small_recipes());
  EXPECT_EQ(count(plan, "tower"), 1) << "one for all seeds";
  EXPECT_EQ(count(plan, "pretrain"), 4) << "of three rows two have the same, at two seeds";
  EXPECT_EQ(count(plan, "tune"), 6);
  EXPECT_EQ(count(plan, "asked"), 6);
  EXPECT_EQ(count(plan, "drawn"), 12) << "six settings of one row";
  EXPECT_EQ(plan.cells.size(), 18u);
  EXPECT_EQ(of(plan, "base", 1, "tune").needs, of(plan, "other schedule", 1, "tune").needs);
  EXPECT_NE(of(plan, "base", 1, "tune").id, of(plan, "base", 2, "tune").id);
}

TEST(AblationPlan, EveryStepStandsBehindWhatItNeeds) {
  const Plan plan = plan_of(study_of(kSmallStudy), small_recipes());
  std::set<std::string> before;
  for (const Step& step : plan.steps) {
    for (const auto& need : step.needs) EXPECT_TRUE(before.contains(need)) << step.id;
    EXPECT_TRUE(before.insert(step.id).second) << step.id << " stands twice";
  }
}

TEST(AblationPlan, SeedsReachRecipesAndArguments) {
  const Plan plan = plan_of(study_of(kSmallStudy), small_recipes());
  EXPECT_EQ(of(plan, "base", 2, "tune").recipe["seed"], 207);
  EXPECT_EQ(plan.steps.front().name, "pretrain");
  EXPECT_EQ(of(plan, "with a tower", 1, "tune").needs.size(), 2u);
  const auto& drawn = plan.step(std::ranges::find(plan.cells, "drawn", &Cell::evaluation)->step);
  EXPECT_EQ(drawn.arguments[2], "1000");
  EXPECT_EQ(of(plan, "base", 1, "pretrain").recipe["keep"], 1) << "old checkpoints are not kept";
}

TEST(AblationPlan, MarksBecomeFoldersAndOtherBracesStay) {
  Study study = study_of(kSmallStudy);
  study.stages[2].recipe["tower"] = "train-{0000..0003}.tar";
  const Plan plan = plan_of(study, small_recipes());
  const Step& tune = of(plan, "base", 1, "tune");
  const Json recipe = with_folders(tune, tune.recipe, "out");
  EXPECT_EQ(recipe["init_from"], "out/runs/" + tune.needs[0] + "/checkpoint/model");
  EXPECT_EQ(recipe["tower"], "train-{0000..0003}.tar");
}

TEST(AblationPlan, AStageThatARowTurnsAwayFromIsNotTrained) {
  const Study study =
      study_of(replaced(kSmallStudy, "tune.batch.schedule: linear", "tune.init_from: other"));
  const Plan plan = plan_of(study, small_recipes(), {"other schedule"});
  EXPECT_EQ(count(plan, "pretrain"), 0);
  EXPECT_EQ(count(plan, "tune"), 2);
}

TEST(AblationPlan, HoldsTheRowsThatAreAskedForAlone) {
  const Study study = study_of(kSmallStudy);
  const Plan plan = plan_of(study, small_recipes(), {"other schedule"});
  EXPECT_EQ(plan.cells.size(), 2u);
  EXPECT_THROW(plan_of(study, small_recipes(), {"another"}), UsageError);
}

TEST(AblationPlan, AStageThatComesLaterCannotBeNamed) {
  const Study study =
      study_of(replaced(kSmallStudy, "pretrain.batch.rows: 2", "pretrain.tower: \"{tune}\""));
  EXPECT_THROW(plan_of(study, small_recipes()), Error);
}

TEST(AblationPlan, IdsAreTheSameInEveryProgram) {
  const Study study = study_of(kSmallStudy);
  EXPECT_EQ(plan_of(study, small_recipes()).steps.front().id,
            plan_of(study, small_recipes(), {"base"}).steps.front().id);
}

}  // namespace
}  // namespace showo
