// DPG-Bench's scores are those of its official script (oracles/dpg: the script's output for answers
// to questions that were made to catch a scorer), and what is wrong with answers is named.
#include "showo/benchmarks/dpg.h"

#include "tests/benchmarks/agreement.h"

namespace showo {
namespace {

const fs::path kData = oracle("dpg");
const std::string kHead =
    "item_id,text,keywords,proposition_id,dependency,category_broad,"
    "category_detailed,tuple,question_natural_language\n";

TEST(Dpg, AgreesWithTheOfficialScript) {
  const Json expected = read_json(kData / "expected.json");
  for (const char* answers : {"results_detail.txt", "answers.jsonl"}) {
    const Json score = score_dpg(kData, kData / answers);
    EXPECT_GT(expect_agreement(expected, score), 20) << answers;
    EXPECT_EQ(score["official"]["l2"].size(), expected["official"]["l2"].size());
    EXPECT_EQ(score["items"].size(), expected["items"].size());
  }
}

TEST(Dpg, NamesWhatTheOfficialScriptGivesUpAndWhatNobodyAnswered) {
  const Json problems = score_dpg(kData, kData / "answers.jsonl")["problems"];
  EXPECT_EQ(problems["unknown parent"]["count"], 2);
  EXPECT_EQ(problems["unknown parent"]["first"][0], "prompt 'first': question 1: left out");
  EXPECT_EQ(problems["missing"]["count"], 1);
  EXPECT_EQ(problems["missing"]["first"][0], "prompt 'unseen': left out");
  EXPECT_EQ(problems.size(), 2U);
}

TEST(Dpg, LeavesOutAPromptWhoseAnswersAreNotComplete) {
  const ScratchFolder scratch;
  const auto file = scratch.write("a.jsonl", dpg_answer_line("dune", 0, 1, "yes") +
                                                 dpg_answer_line("dune", 0, 2, "yes") +
                                                 dpg_answer_line("garden", 0, 1, "yes"));
  const Json score = score_dpg(kData, file);
  EXPECT_EQ(score["official"]["prompts"], 1);
  EXPECT_EQ(score["official"]["score"], 100.0);
  const std::string first = score["problems"]["missing"]["first"][1];
  EXPECT_EQ(first, "prompt 'garden': picture 0: question 2: the prompt is left out");
}

TEST(Dpg, CountsTheFirstOfTwoAnswersAndLeavesOutStrangers) {
  const ScratchFolder scratch;
  const auto file = scratch.write(
      "a.jsonl", dpg_answer_line("dune", 0, 1, "yes") + dpg_answer_line("dune", 0, 1, "no") +
                     dpg_answer_line("dune", 0, 2, "yes") + dpg_answer_line("dune", 0, 7, "no") +
                     dpg_answer_line("moon", 0, 1, "yes"));
  const Json score = score_dpg(kData, file);
  EXPECT_EQ(score["official"]["score"], 100.0);
  EXPECT_EQ(score["problems"]["doubled"]["count"], 1);
  EXPECT_EQ(score["problems"]["unknown id"]["count"], 2);
}

TEST(Dpg, NamesTheLineThatIsWrong) {
  const ScratchFolder scratch;
  const auto complaint = [&](const std::string& name, const std::string& text) {
    const auto file = scratch.write(name, text);
    return error_of([&] { score_dpg(kData, file); });
  };
  EXPECT_NE(complaint("a.jsonl", "{\"item_id\": 3}\n").find("a.jsonl: line 1: 'item_id'"),
            std::string::npos);
  EXPECT_NE(complaint("a.jsonl", dpg_answer_line("dune", 4, 1, "yes")).find("expected 0 to 3"),
            std::string::npos);
  EXPECT_NE(complaint("x_detail.txt", "pictures/dune.png, yes\n").find("x_detail.txt: line 1: "),
            std::string::npos);
  EXPECT_NE(complaint("x_detail.txt", "\n\n").find("x_detail.txt: line 1: "), std::string::npos);
  EXPECT_NE(complaint("empty.jsonl", "").find("no prompt of the benchmark is answered"),
            std::string::npos);
  const std::string row = "a,t,k,1,0,b,d,entity - whole (x),is there?\n";
  const auto table = [&](const std::string& dependency) {
    scratch.write("t/dpg_bench.csv",
                  kHead + row + "a,t,k,2," + dependency + ",b,d,c (x),really?\n");
    return error_of([&] { read_dpg(scratch.path() / "t"); });
  };
  EXPECT_EQ(table("0"), "");
  EXPECT_NE(table("one").find("dpg_bench.csv: line 3: dependency: expected a whole number"),
            std::string::npos);
}

TEST(Dpg, SurvivesAnyDamage) {
  const ScratchFolder scratch;
  for (const char* name : {"dpg_bench.csv", "results_detail.txt", "answers.jsonl"})
    scratch.write(name, read_file(kData / name));
  for (const char* name : {"results_detail.txt", "answers.jsonl"})
    expect_only_errors(scratch.path() / name,
                       [&] { return score_dpg(scratch.path(), scratch.path() / name); });
  expect_only_errors(scratch.path() / "dpg_bench.csv",
                     [&] { return score_dpg(scratch.path(), scratch.path() / "answers.jsonl"); });
}

}  // namespace
}  // namespace showo
