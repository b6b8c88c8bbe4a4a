// Steps as processes, by a shell script in the program's place: what runs when, what is left
// behind, and what a failure stops.
#include "showo/ablate/runner.h"

#include <gtest/gtest.h>

#include "tests/ablate/small_study.h"

namespace showo {
namespace {

// train RECIPE --out RUN …: writes a checkpoint and its steps; eval …: prints an output. A row
// whose recipe says schedule "bad" fails.
constexpr const char* kProgram = R"(#!/bin/sh
echo "$@ threads=$OMP_NUM_THREADS" >> CALLS
if [ "$1" = eval ]; then echo '{"questions": {"all": {"right": 1, "asked": 2}}}'; exit 0; fi
if grep -q '"bad"' "$2"; then echo "showo: it cannot be" >&2; exit 1; fi
for step in 1 2; do
  mkdir -p "$4/checkpoints/step-$step/model"
  echo weights > "$4/checkpoints/step-$step/model/w"
  echo state > "$4/checkpoints/step-$step/optimizer.safetensors"
done
ln -sfn checkpoints/step-2 "$4/checkpoint"
echo '{"step": 10}' > "$4/metrics.jsonl"
)";

class AblationRunner : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("showo-ablate-" + std::to_string(::getpid()));
    make_folder(folder_);
    const fs::path program = folder_ / "program";
    write_file_atomically(program, replaced(kProgram, "CALLS", (folder_ / "calls").string()));
    fs::permissions(program, fs::perms::owner_all);
    options_.program = program;
    options_.out = folder_ / "out";
  }
  void TearDown() override { fs::remove_all(folder_); }
  size_t calls() const {
    const std::string text = read_file(folder_ / "calls");
    return static_cast<size_t>(std::ranges::count(text, '\n'));
  }

  fs::path folder_;
  RunnerOptions options_;
};

TEST_F(AblationRunner, RunsEveryStepOnceAndNoneAgain) {
  const Plan plan = plan_of(study_of(kSmallStudy), small_recipes());
  Records records;
  int told = 0;
  options_.processes = 3;
  options_.changed = [&] { ++told; };
  EXPECT_TRUE(run_plan(plan, records, options_));
  EXPECT_EQ(calls(), plan.steps.size());
  EXPECT_EQ(told, static_cast<int>(plan.steps.size()));
  for (const Step& step : plan.steps) EXPECT_TRUE(records.at(step.id).finished) << step.id;
  EXPECT_EQ(records.at(plan.cells[0].step).output["questions"]["all"]["right"], 1);
  Records read = read_records(plan, options_.out);
  EXPECT_EQ(read.size(), records.size());
  EXPECT_TRUE(run_plan(plan, read, options_));
  EXPECT_EQ(calls(), plan.steps.size()) << "what is finished ran again";
}

TEST_F(AblationRunner, GivesEachProcessItsThreadsRecipeAndModel) {
  const Plan plan = plan_of(study_of(kSmallStudy), small_recipes(), {"base"});
  Records records;
  options_.threads = 3;
  run_plan(plan, records, options_);
  const std::string text = read_file(folder_ / "calls");
  const Step& asked = plan.step(plan.cells[0].step);
  const std::string model =
      (run_folder(options_.out, asked.needs[0]) / "checkpoint/model").string();
  EXPECT_NE(text.find("eval scenes.tar --scenes 0 --model " + model + " --json threads=3\n"),
            std::string::npos)
      << text;
  const Step& first = plan.steps.front();
  EXPECT_EQ(read_json(options_.out / "recipes" / (first.id + ".yaml"))["seed"], 107);
}

TEST_F(AblationRunner, KeepsOfAFinishedTrainingItsResultAlone) {
  const Plan plan = plan_of(study_of(kSmallStudy), small_recipes(), {"base"});
  Records records;
  run_plan(plan, records, options_);
  const fs::path run = run_folder(options_.out, plan.steps.front().id);
  EXPECT_TRUE(fs::exists(run / "checkpoint/model/w"));
  EXPECT_FALSE(fs::exists(run / "checkpoint/optimizer.safetensors"));
  EXPECT_FALSE(fs::exists(run / "checkpoints/step-1"));
}

TEST_F(AblationRunner, AFailureStopsNothingButWhatNeedsItAndIsTriedAgain) {
  const Study study = study_of(replaced(kSmallStudy, "schedule: linear", "schedule: bad"));
  const Plan plan = plan_of(study, small_recipes());
  Records records;
  EXPECT_TRUE(run_plan(plan, records, options_));
  int64_t failed = 0, finished = 0;
  for (const auto& [id, record] : records) {
    finished += record.finished;
    failed += record.error == "it cannot be";
  }
  EXPECT_EQ(failed, 2) << "the row's tuning, at two seeds";
  EXPECT_EQ(finished, static_cast<int64_t>(plan.steps.size()) - 4) << "nor its evaluations";
  const size_t before = calls();
  run_plan(plan, records, options_);
  EXPECT_EQ(calls(), before + 2);
}

TEST_F(AblationRunner, AnOutputThatIsNoJsonIsAFailure) {
  write_file_atomically(options_.program, "#!/bin/sh\necho hello\n");
  fs::permissions(options_.program, fs::perms::owner_all);
  Study study = study_of(kSmallStudy);
  for (auto& evaluation : study.evaluations) evaluation.model = "models/a";
  const Plan plan = plan_of(study, small_recipes(), {"base"});
  Records records;
  EXPECT_TRUE(run_plan(plan, records, options_));
  EXPECT_NE(records.at(plan.steps.front().id).error->find("not valid JSON"), std::string::npos);
}

}  // namespace
}  // namespace showo
