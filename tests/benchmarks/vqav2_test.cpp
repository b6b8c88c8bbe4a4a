// VQAv2's scores are those of vqaEval.py and lmms-eval, oddities of its normalisation included.
#include "showo/benchmarks/vqav2.h"

#include "showo/benchmarks/vqa_answers.h"
#include "tests/benchmarks/agreement.h"

namespace showo {
namespace {

Json answer_record(const std::string& answer, size_t id) {
  return {{"answer", answer}, {"answer_confidence", "yes"}, {"answer_id", id}};
}

// Questions 1, 2, … with ten answers each.
struct SmallVqa {
  ScratchFolder folder;
  explicit SmallVqa(const std::vector<std::vector<std::string>>& all) {
    Json questions = Json::array(), annotations = Json::array();
    for (size_t i = 0; i < all.size(); ++i) {
      Json answers = Json::array();
      for (const std::string& answer : all[i])
        answers.push_back(answer_record(answer, answers.size() + 1));
      questions.push_back({{"question_id", i + 1}, {"image_id", 42}, {"question", "What is it?"}});
      annotations.push_back({{"question_id", i + 1},
                             {"question_type", "what is"},
                             {"answer_type", "other"},
                             {"answers", answers}});
    }
    write("v2_OpenEnded_mscoco_val2014_questions.json",
          {{"data_subtype", "val2014"}, {"questions", questions}});
    write("v2_mscoco_val2014_annotations.json", {{"annotations", annotations}});
  }
  void write(const std::string& name, const Json& json) const { folder.write(name, json.dump()); }
  Json score(const Json& predictions) const {
    write("x_results.json", predictions);
    return open_vqav2(folder.path())->score(folder.path() / "x_results.json");
  }
};

std::vector<std::string> ten(const std::string& answer, size_t other = 0,
                             const std::string& another = "") {
  std::vector<std::string> answers(10, answer);
  std::fill_n(answers.begin(), other, another);
  return answers;
}

TEST(Vqav2, AgreesWithTheOfficialScriptAndLmmsEval) {
  const Json score = open_vqav2(oracle("vqav2"))->score(oracle("vqav2"));
  const Json expected = read_json(oracle("vqav2/expected.json"));
  EXPECT_GE(expect_agreement(expected, score), 1000);
  EXPECT_TRUE(score["problems"].empty()) << score["problems"];
  // What stands only where it differs does not stand elsewhere either.
  for (size_t i = 0; i < expected["questions"].size(); ++i)
    EXPECT_EQ(score["questions"][i].size(), expected["questions"][i].size())
        << expected["questions"][i];
}

TEST(Vqav2, NormalisesWithAllItsOddities) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"3.5", "3.5"},
      {"3.", "3"},
      {".5", ".5"},
      {"u.s.", "us"},
      {"U.S.A", "usa"},
      {"t-shirt", "t shirt"},
      {"t - shirt", "t shirt"},
      {"hand-made- felt", "handmade felt"},
      {"1,000", "1000"},
      {"1,,000", "1 000"},
      {"the Two dogs", "2 dogs"},
      {"None", "0"},
      {"dont", "don't"},
      {"Im", "im"},
      {"somebody'd", "somebodyd"},
      {"yall'd've", "y'all'd've"},
      {"ow's'at", "'ow's'at"},
      {"a\u00a0dog\u3000an", "dog"},
      {std::string(40, '.') + "x", "........x"},
      {"", ""},
  };
  for (const auto& [answer, form] : cases) EXPECT_EQ(vqa_normalised(answer), form) << answer;
  EXPECT_EQ(vqa_normalised("1,,000", VqaCommas::kLmmsEval), "1000");
  EXPECT_EQ(vqa_normalised_2024("red,blue"), "redblue");
  EXPECT_EQ(vqa_normalised_2024("one's own"), "1 's own");
}

TEST(Vqav2, NormalisesOnlyWhereTheAnswersDiffer) {
  const Json score = SmallVqa({ten("t-shirt"), ten("t-shirt", 1, "coat")})
                         .score({{{"question_id", 1}, {"answer", " t\nshirt"}},
                                 {{"question_id", 2}, {"answer", "t\tshirt "}}});
  EXPECT_EQ(score["questions"][0]["official"], 0.0);
  EXPECT_EQ(score["questions"][1]["official"], 100.0);
  EXPECT_EQ(score["questions"][0]["lmms_eval"], 100.0);
  EXPECT_EQ(score["questions"][0]["lmms_eval_2024"], 0.0);
}

TEST(Vqav2, ComparesWithTheNineOthersWhoseRecordsDiffer) {
  const SmallVqa small({ten("cat", 1, "dog"), ten("cat", 3, "dog"), ten("cat", 4, "dog")});
  const Json dog = {{{"question_id", 1}, {"answer", "dog"}},
                    {{"question_id", 2}, {"answer", "dog"}},
                    {{"question_id", 3}, {"answer", "dog"}}};
  const Json score = small.score(dog);
  EXPECT_EQ(score["questions"][0]["official"], 30.0);
  EXPECT_EQ(score["questions"][1]["official"], 90.0);
  EXPECT_EQ(score["questions"][2]["official"], 100.0);
  // Two records that are the same count for neither of the two.
  Json annotations = read_json(small.folder.path() / "v2_mscoco_val2014_annotations.json");
  annotations["annotations"][1]["answers"][1] = annotations["annotations"][1]["answers"][0];
  small.write("v2_mscoco_val2014_annotations.json", annotations);
  EXPECT_EQ(small.score(dog)["questions"][1]["official"], 83.33);
}

TEST(Vqav2, RoundsHalvesAwayFromZero) {
  std::vector<std::vector<std::string>> answers(16, ten("cat"));
  Json predictions = Json::array();
  for (int i = 1; i <= 16; ++i)
    predictions.push_back({{"question_id", i}, {"answer", i <= 1 ? "cat" : "dog"}});
  EXPECT_EQ(SmallVqa(answers).score(predictions)["official"]["overall"], 6.25);
  answers.resize(32, ten("cat"));  // 3.125
  for (int i = 17; i <= 32; ++i) predictions.push_back({{"question_id", i}, {"answer", "dog"}});
  EXPECT_EQ(SmallVqa(answers).score(predictions)["official"]["overall"], 3.13);
}

TEST(Vqav2, MissingDoubledAndUnknownPredictionsAreCounted) {
  const Json score = SmallVqa({ten("cat"), ten("cat"), ten("cat"), ten("cat")})
                         .score({{{"question_id", 1}, {"answer", "dog"}},
                                 {{"question_id", 1}, {"answer", "cat"}},
                                 {{"question_id", 3}, {"answer", "cat"}},
                                 {{"question_id", 7}, {"answer", "cat"}}});
  EXPECT_EQ(score["official"]["overall"], 50.0);
  EXPECT_EQ(score["official"]["n"], 4);
  EXPECT_EQ(score["problems"]["doubled"]["count"], 1);
  EXPECT_EQ(score["problems"]["unknown id"]["count"], 1);
  EXPECT_EQ(score["problems"]["missing"]["count"], 2);
  EXPECT_NE(score["problems"]["doubled"]["first"][0].get<std::string>().find(
                "x_results.json: entry 1: question_id 1"),
            std::string::npos);
}

TEST(Vqav2, AsksEachProtocolsPromptAndNamesMissingPictures) {
  const SmallVqa small({ten("cat")});
  const auto vqav2 = open_vqav2(small.folder.path());
  const std::string error = error_of([&] { vqav2->questions(Protocol::kOfficial); });
  EXPECT_NE(error.find("val2014/COCO_val2014_000000000042.jpg: no such picture"), std::string::npos)
      << error;
  small.folder.write("images/COCO_val2014_000000000042.jpg", "");
  EXPECT_EQ(vqav2->questions(Protocol::kOfficial)[0].prompt, "What is it?");
  const BenchmarkQuestion question = vqav2->questions(Protocol::kLmmsEval)[0];
  EXPECT_EQ(question.prompt, "What is it?\nAnswer the question using a single word or phrase.");
  EXPECT_EQ(question.id, "1");
  EXPECT_EQ(question.max_tokens, 16);
}

TEST(Vqav2, ReadsBackWhatItWrites) {
  const SmallVqa small({ten("cat"), ten("cat")});
  const auto vqav2 = open_vqav2(small.folder.path());
  vqav2->write_predictions(small.folder.path() / "out", {"cat", "\xff"});
  EXPECT_TRUE(fs::exists(small.folder.path() / "out/v2_OpenEnded_mscoco_val2014_results.json"));
  const Json score = vqav2->score(small.folder.path() / "out");
  EXPECT_EQ(score["official"]["overall"], 50.0);
  EXPECT_TRUE(score["problems"].empty());
}

TEST(Vqav2, ATestSetCanBeAskedButNotScored) {
  const ScratchFolder folder;
  folder.write("v2_OpenEnded_mscoco_test-dev2015_questions.json",
               R"({"data_subtype": "test-dev2015",
                   "questions": [{"question_id": 1, "image_id": 2, "question": "What?"}]})");
  folder.write("test2015/COCO_test2015_000000000002.jpg", "");
  folder.write("results.json", "[]");
  const auto vqav2 = open_vqav2(folder.path());
  EXPECT_EQ(vqav2->questions(Protocol::kLmmsEval).size(), 1u);
  EXPECT_NE(error_of([&] { vqav2->score(folder.path()); }).find("annotations.json"),
            std::string::npos);
}

TEST(Vqav2, DamagedFilesAreErrorsThatNameTheEntry) {
  const SmallVqa small({ten("cat"), ten("cat", 4, "a dog")});
  const Json predictions = {{{"question_id", 1}, {"answer", "cat"}},
                            {{"question_id", 2}, {"answer", "dog"}}};
  small.score(predictions);
  for (const char* name : {"v2_OpenEnded_mscoco_val2014_questions.json",
                           "v2_mscoco_val2014_annotations.json", "x_results.json"})
    expect_only_errors(small.folder.path() / name, [&] {
      return open_vqav2(small.folder.path())->score(small.folder.path() / "x_results.json");
    });
  const std::string error = error_of([&] {
    small.score({{{"question_id", "1"}, {"answer", "cat"}}});
  });
  EXPECT_NE(error.find("x_results.json: entry 0: 'question_id': expected a whole number"),
            std::string::npos)
      << error;
}

}  // namespace
}  // namespace showo
