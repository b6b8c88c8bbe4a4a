// GQA's scores are those of eval.py, of LLaVA's conversion and of lmms-eval.
#include "showo/benchmarks/gqa.h"

#include "tests/benchmarks/agreement.h"

namespace showo {
namespace {

Json question(const std::string& answer, const std::string& structural = "query",
              const Json& group = nullptr) {
  return {{"question", "What color is the dog?"},
          {"answer", answer},
          {"imageId", "n7"},
          {"isBalanced", true},
          {"groups", {{"global", group}, {"local", nullptr}}},
          {"types", {{"structural", structural}, {"semantic", "attr"}, {"detailed", ""}}},
          {"semantic",
           {{{"operation", "select"}, {"dependencies", Json::array()}, {"argument", "dog (1)"}},
            {{"operation", "query"}, {"dependencies", {0}}, {"argument", "name of it"}}}}};
}

struct SmallGqa {
  ScratchFolder folder;
  explicit SmallGqa(const Json& questions) {
    folder.write("testdev_balanced_questions.json", questions.dump());
  }
  Json score(const std::vector<std::pair<std::string, std::string>>& predictions) const {
    Json list = Json::array();
    for (const auto& [id, text] : predictions)
      list.push_back({{"questionId", id}, {"prediction", text}});
    folder.write("testdev_predictions.json", list.dump());
    return open_gqa(folder.path())->score(folder.path());
  }
};

TEST(Gqa, AgreesWithTheOfficialScriptAndLmmsEval) {
  const Json score = open_gqa(oracle("gqa"))->score(oracle("gqa"));
  EXPECT_GE(expect_agreement(read_json(oracle("gqa/expected.json")), score, {"official_printed"}),
            990);
  EXPECT_EQ(score["problems"]["doubled"]["count"], 6);
  EXPECT_EQ(score["problems"]["unknown id"]["count"], 1);
  EXPECT_FALSE(score["problems"].contains("missing"));
}

TEST(Gqa, EachScoreHasItsOwnIdeaOfEqual) {
  Json questions;
  const std::vector<std::string> answers = {"red",   "red.",  "Red..", " red",
                                            "re-d!", "red .", ".red"};
  std::vector<std::pair<std::string, std::string>> predictions;
  for (size_t i = 0; i < answers.size(); ++i) {
    questions[std::to_string(i)] = question("red");
    predictions.emplace_back(std::to_string(i), answers[i]);
  }
  const Json score = SmallGqa(questions).score(predictions);
  const Json expected = {{"0", {1, 1, 1}}, {"1", {0, 1, 1}}, {"2", {0, 1, 1}}, {"3", {0, 0, 1}},
                         {"4", {0, 0, 1}}, {"5", {0, 0, 0}}, {"6", {0, 0, 1}}};
  EXPECT_EQ(score["questions"], expected);
}

TEST(Gqa, StepsWhoseTextHoldsAskingWordsDoNotCount) {
  Json questions = {{"1", question("red")}};
  EXPECT_EQ(SmallGqa(questions).score({{"1", "red"}})["official"]["steps"]["1"]["questions"], 1);
  questions["1"]["semantic"][1]["argument"] = "color";
  EXPECT_EQ(SmallGqa(questions).score({{"1", "red"}})["official"]["steps"]["2"]["questions"], 1);
}

TEST(Gqa, DistributionIsOverTrueAnswersOfGlobalGroups) {
  const SmallGqa small({{"1", question("red", "query", "color")},
                        {"2", question("blue", "query", "color")},
                        {"3", question("wood", "query", "material")},
                        {"4", question("yes", "verify")}});
  const Json score = small.score({{"1", "red"}, {"2", "red"}, {"3", "glass"}, {"4", "no"}});
  // colour: (2−1)²/1 + (0−1)²/1 over 2; material: (0−1)²/1 over 1.
  EXPECT_DOUBLE_EQ(score["official"]["distribution"], (2.0 * 2 + 1 * 1) / 3 / 100);
  EXPECT_EQ(score["official"]["binary"], 0.0);
  EXPECT_DOUBLE_EQ(score["official"]["open"], 100 / 3.0);
}

TEST(Gqa, MissingDoubledAndUnknownPredictionsAreCounted) {
  Json questions = {{"1", question("red")}, {"2", question("red")}, {"3", question("red")}};
  questions["3"]["isBalanced"] = false;
  const Json score = SmallGqa(questions).score({{"1", "blue"}, {"1", "red"}, {"9", "red"}});
  EXPECT_EQ(score["official"]["accuracy"], 50.0);
  EXPECT_EQ(score["problems"]["doubled"]["count"], 1);
  EXPECT_EQ(score["problems"]["unknown id"]["count"], 1);
  EXPECT_EQ(score["problems"]["missing"]["count"], 1);
  EXPECT_NE(score["problems"]["missing"]["first"][0].get<std::string>().find("question '2'"),
            std::string::npos);
}

TEST(Gqa, AQuestionThatStandsTwiceIsAnError) {
  const std::string one = "\"7\": " + question("red").dump();
  const ScratchFolder folder;
  folder.write("testdev_balanced_questions.json", "{" + one + ", " + one + "}");
  EXPECT_NE(error_of([&] { open_gqa(folder.path()); }).find("question '7' stands there twice"),
            std::string::npos);
}

TEST(Gqa, AsksInTheOrderOfTheFileAndNamesMissingPictures) {
  const ScratchFolder folder;
  folder.write("testdev_balanced_questions.json",
               "{\"9\": " + question("red").dump() + ", \"10\": " + question("red").dump() + "}");
  const auto gqa = open_gqa(folder.path());
  const std::string error = error_of([&] { gqa->questions(Protocol::kLmmsEval); });
  EXPECT_NE(error.find("images/n7.jpg: no such picture; 1 of"), std::string::npos) << error;
  folder.write("images/n7.jpg", "");
  const auto questions = gqa->questions(Protocol::kLmmsEval);
  EXPECT_EQ(questions[0].id, "9");
  EXPECT_EQ(questions[1].id, "10");
  EXPECT_EQ(questions[0].prompt,
            "What color is the dog?\nAnswer the question using a single word or phrase.");
  EXPECT_EQ(gqa->questions(Protocol::kOfficial)[0].prompt, "What color is the dog?");
}

TEST(Gqa, ReadsBackWhatItWrites) {
  const SmallGqa small({{"1", question("red")}, {"2", question("red")}});
  const auto gqa = open_gqa(small.folder.path() / "testdev_balanced_questions.json");
  gqa->write_predictions(small.folder.path() / "out", {" Red.\n", "red \xff"});
  const Json score = gqa->score(small.folder.path() / "out");
  EXPECT_EQ(score["questions"]["1"], Json({1, 1, 1}));
  EXPECT_EQ(score["questions"]["2"], Json({0, 0, 0}));
  EXPECT_TRUE(score["problems"].empty());
}

TEST(Gqa, DamagedFilesAreErrorsThatNameTheEntry) {
  const SmallGqa small(
      {{"1", question("red", "query", "color")}, {"2", question("yes", "verify")}});
  small.score({{"1", "red"}, {"2", "no"}});
  for (const char* name : {"testdev_balanced_questions.json", "testdev_predictions.json"})
    expect_only_errors(small.folder.path() / name,
                       [&] { return open_gqa(small.folder.path())->score(small.folder.path()); });
  small.folder.write("testdev_predictions.json", R"([{"questionId": 1, "prediction": "red"}])");
  const std::string error =
      error_of([&] { open_gqa(small.folder.path())->score(small.folder.path()); });
  EXPECT_NE(error.find("predictions.json: entry 0: 'questionId': expected text, found number"),
            std::string::npos)
      << error;
}

}  // namespace
}  // namespace showo
