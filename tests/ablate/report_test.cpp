// Figures, tables, claims and pictures from what steps left behind.
#include "showo/ablate/report.h"

#include <gtest/gtest.h>

#include "showo/ablate/chart.h"
#include "showo/ablate/figures.h"
#include "tests/ablate/small_study.h"

namespace showo {
namespace {

Json answers(double right) {
  return {{"questions", {{"all", {{"right", right}, {"asked", 200}}}}}};
}
Json pictures(double right) {
  return {{"generated",
           {{"1 thing", {{"all", right}}}, {"2 things", {{"all", 1}}}, {"count", {{"all", 50}}}}}};
}

class AblationReport : public testing::Test {
 protected:
  void finish(const std::string& id, const Json& output, double seconds = 10) {
    records_[id] = {true, seconds, output, {}};
  }
  // Every training, and all evaluations of the rows by what they are to show.
  void finish_all() {
    for (const Step& step : plan_.steps)
      if (step.trains()) finish(step.id, {}, 100);
    for (const Cell& cell : plan_.cells) {
      const double right = (cell.row == "base" ? 100 : 80) + static_cast<double>(cell.seed);
      const double drawn =
          (cell.setting.starts_with("guidance 2") ? 30 : 10) + static_cast<double>(cell.seed);
      finish(cell.step, cell.evaluation == "asked" ? answers(right) : pictures(drawn));
    }
  }
  Results results() const { return results_of(study_, plan_, records_); }

  Study study_ = study_of(kSmallStudy);
  Plan plan_ = plan_of(study_, small_recipes());
  Records records_;
};

TEST(AblationFigures, AreFoundByPathsWithStars) {
  const Json output = pictures(4);
  EXPECT_EQ(sum_at(output, "generated/1 thing/all"), 4);
  EXPECT_EQ(sum_at(output, "generated/* thing*/all"), 5) << "'count' is not to be counted too";
  EXPECT_EQ(sum_at(output, "generated/*/all"), 55);
  EXPECT_THROW(sum_at(output, "generated/3 things/all"), Error);
  EXPECT_THROW(sum_at(output, "generated/1 thing"), Error) << "is no number";
  EXPECT_EQ(figure_in(answers(50), {"a", "asked", "questions/all/right", "questions/all/asked"}),
            25);
  EXPECT_THROW(figure_in(Json{{"a", 1}, {"b", 0}}, {"a", "asked", "a", "b"}), Error)
      << "not finite";
}

TEST_F(AblationReport, NothingIsSaidOfWhatWasNotMeasured) {
  const Results none = results();
  EXPECT_EQ(none.cells.size(), plan_.cells.size());
  EXPECT_TRUE(none.values.empty());
  EXPECT_EQ(none.outcomes[0].verdict, Verdict::kCannotSay);
  EXPECT_NE(results_markdown(study_, none).find("| base | – | 0 | 48.7 | 948.4 |"),
            std::string::npos)
      << results_markdown(study_, none);
}

TEST_F(AblationReport, MeansStandBesideThePapersFigures) {
  finish_all();
  const std::string text = results_markdown(study_, results());
  EXPECT_NE(text.find("| row | answers, % | seeds | paper: GQA | paper: MME |"), std::string::npos)
      << text;
  EXPECT_NE(text.find("| base | 50.8 ± 0.4 | 2 | 48.7 | 948.4 |"), std::string::npos) << text;
  EXPECT_NE(text.find("| other schedule | 40.8 ± 0.4 | 2 | 40.0 | – |"), std::string::npos) << text;
  EXPECT_NE(text.find("| base @ guidance 2, steps 8 | 32.5 ± 0.7 | 2 |"), std::string::npos)
      << text;
}

TEST_F(AblationReport, ClaimsAreSentencesWithTheirNumbers) {
  finish_all();
  const Results all = results();
  EXPECT_EQ(all.outcomes[0].verdict, Verdict::kReproduced);
  EXPECT_EQ(all.outcomes[0].sentence,
            "The schedule matters: reproduced. answers, %: 50.8 ± 0.4 (base) against 40.8 ± 0.4 "
            "(other schedule); difference 10.0 ± 0.0, above zero with 2 of 2 seeds.");
  EXPECT_EQ(all.outcomes[1].differences, (std::vector<double>{20, 20}));
}

TEST_F(AblationReport, ADifferenceOfDifferencesIsPairedBySeed) {
  study_.trends[0].left = {"base", "other schedule"};
  study_.trends[0].right = {"other schedule", "with a tower"};
  finish_all();
  EXPECT_EQ(results().outcomes[0].differences, (std::vector<double>{10, 10}));
}

TEST_F(AblationReport, WhatFailedIsNamedAndItsRowHasFewerSeeds) {
  finish_all();
  const Cell& cell = plan_.cells.front();
  records_[cell.step] = {false, 3, {}, "scenes.tar: not found"};
  const Results some = results();
  EXPECT_EQ(some.cells.front().error, cell.step + ": scenes.tar: not found");
  const std::string text = results_markdown(study_, some);
  EXPECT_NE(text.find("| base | 51.0 | 1 |"), std::string::npos) << text;
  EXPECT_NE(text.find("- base, seed 1: " + cell.step + ": scenes.tar: not found"),
            std::string::npos)
      << text;
  EXPECT_EQ(results_json(study_, some)["cells"][0]["error"], *some.cells.front().error);
}

TEST_F(AblationReport, AFailedTrainingFailsWhatIsMeasuredOfIt) {
  finish_all();
  const std::string tune = plan_.step(plan_.cells.front().step).needs[0];
  records_.erase(plan_.cells.front().step);
  records_[tune] = {false, 3, {}, "step 4: the gradient was not finite"};
  EXPECT_EQ(results().cells.front().error, tune + ": step 4: the gradient was not finite");
}

TEST_F(AblationReport, TheJsonHasEveryCellLineAndClaim) {
  finish_all();
  const Json json = results_json(study_, results());
  ASSERT_EQ(json["cells"].size(), plan_.cells.size());
  EXPECT_EQ(json["cells"][0]["figures"]["answers, %"], 50.5);
  EXPECT_EQ(json["cells"][0]["seconds"], 10);
  EXPECT_EQ(json["cells"][0]["training_seconds"], 200) << "both stages";
  EXPECT_EQ(json["lines"].size(), 3u + 6u);
  EXPECT_EQ(json["trends"][1]["verdict"], "reproduced");
}

TEST_F(AblationReport, PicturesHaveBarsForRowsAndLinesForSettings) {
  finish_all();
  const Results all = results();
  const std::string bars = figure_svg(study_, all, study_.figures[0]);
  EXPECT_NE(bars.find(">other schedule</text>"), std::string::npos);
  EXPECT_NE(bars.find(">50.8 ± 0.4</text>"), std::string::npos);
  EXPECT_EQ(bars.find("nan"), std::string::npos);
  const std::string lines = figure_svg(study_, all, study_.figures[1]);
  EXPECT_NE(lines.find(">base @ guidance 2</text>"), std::string::npos) << lines;
  EXPECT_NE(lines.find(">steps</text>"), std::string::npos);
  EXPECT_EQ(picture_name(study_.figures[0]), "answers.svg");
  EXPECT_EQ(figure_svg(study_, results_of(study_, plan_, {}), study_.figures[0]).find("nan"),
            std::string::npos);
}

TEST_F(AblationReport, TimeLeftIsJudgedBySiblingsAndByWhatRuns) {
  EXPECT_FALSE(seconds_left(plan_, records_, {}, 1)) << "nothing is known yet";
  const std::string first = plan_.steps.front().id;  // of four pretrainings
  EXPECT_EQ(seconds_left(plan_, {}, {{first, {10, 0.1}}}, 1), 90 + 100.0 * (plan_.steps.size() - 1))
      << "others are taken to last as long";
  finish_all();
  EXPECT_EQ(seconds_left(plan_, records_, {}, 2), 0);
  records_.erase(first);
  EXPECT_EQ(seconds_left(plan_, records_, {}, 2), 50);
  EXPECT_EQ(seconds_left(plan_, records_, {{first, {40, 0}}}, 1), 60);
  EXPECT_EQ(seconds_left(plan_, records_, {{first, {40, 0.8}}}, 1), 10);
}

}  // namespace
}  // namespace showo
