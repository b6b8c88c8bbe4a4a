// MMMU's scores are those of the official scripts and of lmms-eval, luck and oddities included.
#include "showo/benchmarks/mmmu.h"

#include "showo/benchmarks/mmmu_answers.h"
#include "showo/benchmarks/mmmu_questions.h"
#include "tests/benchmarks/agreement.h"

namespace showo {
namespace {

const std::set<std::string> kTables = {"official_printed", "official_eval_only_printed"};

const MmmuChoices kBirds = {{"A", "B", "C", "D"},
                            {{"A", "goose"}, {"B", "mongoose"}, {"C", "heron"}, {"D", "stork"}}};

Json choice_entry(int number, const std::string& response, const Json& answer = "A") {
  return {{"id", fmt::format("validation_Art_Theory_{}", number)},
          {"question_type", "multiple-choice"},
          {"answer", answer},
          {"all_choices", {"A", "B"}},
          {"index2ans", {{"A", "a goose"}, {"B", "a stork"}}},
          {"response", response}};
}

Json open_entry(int number, const std::string& response, const Json& answer) {
  return {{"id", fmt::format("validation_Art_Theory_{}", number)},
          {"question_type", "short-answer"},
          {"answer", answer},
          {"response", response}};
}

struct SmallMmmu {
  ScratchFolder folder;
  explicit SmallMmmu(const Json& entries, const std::string& subject = "Art_Theory") {
    Json truths = Json::object();
    for (const Json& entry : entries)
      truths[entry["id"].get<std::string>()] = {{"question_type", entry["question_type"]},
                                                {"ground_truth", entry["answer"]}};
    folder.write("answer_dict_val.json", truths.dump());
    folder.write("out/" + subject + "/output.json", entries.dump());
  }
  Json score() const { return open_mmmu(folder.path())->score(folder.path() / "out"); }
};

TEST(Mmmu, AgreesWithTheOfficialScriptsAndLmmsEval) {
  const Json corner =
      open_mmmu(oracle("mmmu/corner_answer_dict.json"))->score(oracle("mmmu/corner"));
  EXPECT_GE(expect_agreement(read_json(oracle("mmmu/expected_corner.json")), corner, kTables), 660);
  EXPECT_TRUE(corner["problems"].empty()) << corner["problems"];
  const Json llava = open_mmmu(oracle("mmmu"))->score(oracle("mmmu/llava1.5_13b"));
  EXPECT_GE(expect_agreement(read_json(oracle("mmmu/expected_llava1.5_13b.json")), llava, kTables),
            2100);
  EXPECT_TRUE(llava["problems"].empty()) << llava["problems"];
}

TEST(Mmmu, AgreesOnAnswersThatAreUnderstoodAlready) {
  const std::vector<std::array<const char*, 3>> sets = {
      {"mmmu/corner_answer_dict.json", "mmmu/corner_preparsed.json", "mmmu/expected_corner.json"},
      {"mmmu", "mmmu/llava1.5_13b_total_val_output.json", "mmmu/expected_llava1.5_13b.json"}};
  for (const auto& [data, predictions, expected] : sets) {
    const Json score = open_mmmu(oracle(data))->score(oracle(predictions));
    EXPECT_EQ(score["official_eval_only_printed"],
              read_json(oracle(expected))["official_eval_only_printed"]);
    EXPECT_TRUE(score["problems"].empty()) << score["problems"];
  }
}

TEST(Mmmu, LettersAreFoundByEachOnesRule) {
  const std::vector<std::array<std::string, 3>> cases = {{"C.,", "C", "C"},
                                                         {"C,.", "", ""},
                                                         {"C.\n", "", "C"},
                                                         {"(A)(B)", "B", "B"},
                                                         {"B or C", "C", "C"},
                                                         {"A man stands there", "A", "A"},
                                                         {"DNA strand", "", "A"},
                                                         {"B.mongoose", "", "B"},
                                                         {"**C**", "", ""},
                                                         {"A/B", "", "B"},
                                                         {"C: stork", "", ""},
                                                         {"(B) is wrong, so A", "B", "B"},
                                                         {"I am sure it is a mongoose", "A", "A"},
                                                         {"it is a mongoose", "", ""},
                                                         {"B then A here, in CD ", "A", "A"},
                                                         {"AB or CD", "", "B"}};
  for (const auto& [response, official, lmms_eval] : cases) {
    EXPECT_EQ(mmmu_choice(response, kBirds).value_or(""), official) << response;
    EXPECT_EQ(mmmu_choice_lmms_eval(response, kBirds).value_or(""), lmms_eval) << response;
  }
}

TEST(Mmmu, OpenAnswersAreTakenApart) {
  using Guesses = std::vector<MmmuGuess>;
  const std::vector<std::pair<std::string, Guesses>> cases = {
      {"1,000", {1000.0, 0.0}},
      {"1.5e-3", {0.0, 1.0, -3.0}},
      {"about 1,234.5 birds", {"about 1,234.5 birds", 1234.0, 234.5}},
      {"x", {" x", "x "}},
      {"1_0", {10.0, 0.0}},
      {"2.675", {2.67}},
      {"the answer is :", {"the answer is :"}},
      {"It is a goose. So 5", {5.0}},
      {"a = 5\nb = 10", {10.0}},
      {"", {""}}};
  for (const auto& [response, guesses] : cases)
    EXPECT_EQ(mmmu_guesses(response), guesses) << response;
  EXPECT_TRUE(mmmu_matches(mmmu_truth("Goose"), mmmu_guesses("A mongoose")));
  EXPECT_FALSE(mmmu_matches(mmmu_truth("5"), mmmu_guesses("5m")));
  EXPECT_FALSE(mmmu_matches(mmmu_truth("x"), mmmu_guesses("box")));
}

TEST(Mmmu, WhatIsNotUnderstoodIsDrawnAsTheScriptDraws) {
  const Json score = SmallMmmu({choice_entry(1, "?"), choice_entry(2, "?"), choice_entry(3, "?"),
                                choice_entry(4, "?"), choice_entry(5, "B", {"B", "A"})})
                         .score();
  std::string drawn;
  for (int i = 1; i <= 4; ++i)
    drawn += score["questions"][fmt::format("validation_Art_Theory_{}", i)]["random"];
  EXPECT_EQ(drawn, "AABA");
  EXPECT_EQ(score["unparsed"], 4);
  EXPECT_EQ(score["official_random"]["overall"]["correct"], 4);
  EXPECT_EQ(score["official_unparsed_wrong"]["overall"]["correct"], 1);
  EXPECT_EQ(score["official_unparsed_wrong"]["domains"]["Art and Design"]["n"], 5);
  EXPECT_EQ(score["official_unparsed_wrong"]["domains"]["Science"]["n"], 0);
}

TEST(Mmmu, TodaysLmmsEvalMissesOpenAnswers) {
  const Json score = SmallMmmu({open_entry(1, "a goose", "goose"), open_entry(2, "5", {"4", "5"}),
                                open_entry(3, "anything", "")})
                         .score();
  EXPECT_EQ(score["lmms_eval_2024_unparsed_wrong"]["overall"]["correct"], 3);
  EXPECT_EQ(score["lmms_eval_head_unparsed_wrong"]["overall"]["correct"], 1);
}

TEST(Mmmu, WhatDiffersFromTheBenchmarkIsCounted) {
  const SmallMmmu small({choice_entry(1, "A"), choice_entry(2, "A"), open_entry(3, "x", "x")});
  Json entries = {choice_entry(1, "A", "B"), choice_entry(1, "A"), choice_entry(7, "A")};
  small.folder.write("out/Art_Theory/output.json", entries.dump());
  small.folder.write("out/Alchemy/output.json", "[]");
  const Json score = small.score(), problems = score["problems"];
  EXPECT_EQ(score["official_random"]["overall"]["n"], 3);
  EXPECT_EQ(problems["another truth"]["count"], 1);
  EXPECT_EQ(problems["doubled"]["count"], 1);
  EXPECT_EQ(problems["unknown id"]["count"], 1);
  EXPECT_EQ(problems["missing"]["count"], 2);
  EXPECT_EQ(problems["missing"]["first"][0], "'validation_Art_Theory_2'");
  EXPECT_EQ(problems["unknown subject"]["count"], 1);
}

TEST(Mmmu, UnderstoodAnswersThatDoNotFitAreCounted) {
  const SmallMmmu small(Json::array({choice_entry(1, ""), choice_entry(2, "")}));
  const fs::path file =
      small.folder.write("answers.json",
                         R"({"validation_Art_Theory_1": "B", "validation_Art_Theory_9": "A",
          "validation_Art_Theory_1": "A"})");
  const Json score = open_mmmu(small.folder.path())->score(file);
  EXPECT_EQ(score["official_eval_only_printed"]["Overall"], Json({{"num", 1}, {"acc", 1.0}}));
  EXPECT_EQ(score["problems"]["doubled"]["count"], 1);
  EXPECT_EQ(score["problems"]["unknown id"]["count"], 1);
  EXPECT_EQ(score["problems"]["missing"]["count"], 1);
}

// Two rows of the validation set, one a line.
std::string rows() {
  return Json({{"id", "validation_Math_1"},
               {"question", "Which is shown in <image 2>, after <image 1>?"},
               {"options", R"(['a \'goose\'', "a stork's \u00e9", '<image 3>'])"},
               {"answer", "B"},
               {"question_type", "multiple-choice"}})
             .dump() +
         "\n" +
         Json({{"id", "validation_Art_1"},
               {"question", "How many?"},
               {"options", "[]"},
               {"answer", "['5', \"five\"]"},
               {"question_type", "open"}})
             .dump() +
         "\n";
}

TEST(Mmmu, AsksEachProtocolsPromptAndNamesMissingPictures) {
  const ScratchFolder folder;
  folder.write("validation.jsonl", rows());
  const auto mmmu = open_mmmu(folder.path());
  const std::string error = error_of([&] { mmmu->questions(Protocol::kLmmsEval); });
  EXPECT_NE(error.find("images/validation_Math_1_1.png: no such picture; 3 of"), std::string::npos)
      << error;
  for (const char* name : {"Math_1_1", "Math_1_2", "Math_1_3", "Art_1_1"})
    folder.write(fmt::format("images/validation_{}.png", name), "");
  const auto official = mmmu->questions(Protocol::kOfficial);
  const auto lmms_eval = mmmu->questions(Protocol::kLmmsEval);
  EXPECT_EQ(official[0].prompt,
            "Which is shown in <image 2>, after <image 1>?\n(A) a 'goose'\n(B) a stork's é\n"
            "(C) <image 3>\n\nAnswer with the option's letter from the given choices directly.");
  EXPECT_EQ(lmms_eval[0].prompt,
            "Which is shown in <image 2>, after <image 1>?\nA. a 'goose'\nB. a stork's é\n"
            "C. <image 3>\n\nAnswer with the option's letter from the given choices directly.");
  EXPECT_EQ(official[1].prompt, "How many?\nAnswer the question using a single word or phrase.");
  EXPECT_EQ(lmms_eval[1].prompt, "How many?\n\nAnswer the question using a single word or phrase.");
  EXPECT_EQ(official[0].pictures.size(), 1u);
  ASSERT_EQ(lmms_eval[0].pictures.size(), 3u);
  EXPECT_EQ(lmms_eval[0].pictures[1], folder.path() / "images/validation_Math_1_2.png");
}

TEST(Mmmu, ReadsBackWhatItWrites) {
  const ScratchFolder folder;
  folder.write("validation.jsonl", rows());
  const auto mmmu = open_mmmu(folder.path());
  mmmu->write_predictions(folder.path() / "out", {"B. \xff", "It is five"});
  const Json score = mmmu->score(folder.path() / "out");
  EXPECT_EQ(score["official_unparsed_wrong"]["overall"]["correct"], 1);
  EXPECT_EQ(score["lmms_eval_2024_unparsed_wrong"]["overall"]["correct"], 2);
  EXPECT_TRUE(score["problems"].empty()) << score["problems"];
}

TEST(Mmmu, AnswersAloneCanBeScoredButNotAsked) {
  const SmallMmmu small(Json::array({choice_entry(1, "A")}));
  EXPECT_NE(error_of([&] {
              open_mmmu(small.folder.path())->questions(Protocol::kOfficial);
            }).find("expected the questions in validation.jsonl"),
            std::string::npos);
}

TEST(Mmmu, DamagedFilesAreErrorsThatNameTheEntry) {
  const SmallMmmu small(
      Json::array({choice_entry(1, "A"), open_entry(2, "it is 5", {"5", "five"})}));
  small.folder.write("answers.json", R"({"validation_Art_Theory_1": "B"})");
  for (const char* name : {"answer_dict_val.json", "out/Art_Theory/output.json"})
    expect_only_errors(small.folder.path() / name, [&] { return small.score(); });
  expect_only_errors(small.folder.path() / "answers.json", [&] {
    return open_mmmu(small.folder.path())->score(small.folder.path() / "answers.json");
  });
  small.folder.write("validation.jsonl", rows());
  expect_only_errors(small.folder.path() / "validation.jsonl", [&] {
    return error_of([&] { open_mmmu(small.folder.path())->questions(Protocol::kLmmsEval); });
  });
  Json entries = {choice_entry(1, "A")};
  entries[0]["index2ans"]["B"] = 7;
  small.folder.write("out/Art_Theory/output.json", entries.dump());
  const std::string error = error_of([&] { small.score(); });
  EXPECT_NE(error.find("output.json: entry 0: 'index2ans': 'B': expected text, found number"),
            std::string::npos)
      << error;
}

}  // namespace
}  // namespace showo
