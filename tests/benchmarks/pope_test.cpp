// POPE's scores are those of evaluate.py and lmms-eval, quirks included.
#include "showo/benchmarks/pope.h"

#include "tests/benchmarks/agreement.h"

namespace showo {
namespace {

// One category of questions with the given labels, and the answers to them.
struct SmallPope {
  ScratchFolder folder;
  SmallPope(const std::vector<std::string>& labels, const std::vector<std::string>& answers) {
    std::string questions, lines;
    for (size_t i = 0; i < labels.size(); ++i)
      questions += Json({{"question_id", i + 1},
                         {"image", "COCO_val2014_000000000001.jpg"},
                         {"text", " Is there a dog in the image?"},
                         {"label", labels[i]}})
                       .dump() +
                   "\r\n";
    for (const std::string& answer : answers) lines += Json({{"answer", answer}}).dump() + "\n";
    folder.write("coco_pope_random.json", questions);
    folder.write("coco_pope_random_answers.json", lines);
  }
  Json score() const { return open_pope(folder.path())->score(folder.path()); }
  std::string parsed() const { return score()["parsed"]["random"]; }
};

TEST(Pope, AgreesWithTheOfficialScriptAndLmmsEval) {
  const Json score = open_pope(oracle("pope"))->score(oracle("pope"));
  EXPECT_GE(expect_agreement(read_json(oracle("pope/expected.json")), score), 60);
  EXPECT_TRUE(score["problems"].empty()) << score["problems"];
}

TEST(Pope, ScoresOneCategoryWhoseFileIsGiven) {
  const Json score =
      open_pope(oracle("pope"))->score(oracle("pope/coco_pope_popular_answers.json"));
  const Json expected = read_json(oracle("pope/expected.json"));
  EXPECT_EQ(score["official"]["popular"], expected["official"]["popular"]);
  EXPECT_EQ(score["problems"]["missing"]["count"], 600);
}

TEST(Pope, OnlyAWholeWordBetweenSingleSpacesBeforeTheFirstPeriodSaysNo) {
  const std::vector<std::string> answers = {
      "no",   "No",      "NO",      "No, sir", "No,sir", "Yes. No", "no.",        "It is not",
      "nope", "No\nYes", "Yes\nno", "no\tdog", "a  no",  "",        "no\u00a0dog"};
  EXPECT_EQ(SmallPope(std::vector<std::string>(answers.size(), "no"), answers).parsed(),
            "nnynyynnyyyynyy");
}

TEST(Pope, LmmsEvalCountsOnlyTheBareWord) {
  const Json score = SmallPope({"yes", "yes", "no", "no"}, {" YES\n", "Yes.", "no", "yes"}).score();
  EXPECT_EQ(score["lmms_eval"]["all"]["accuracy"], 0.5);
  EXPECT_EQ(score["lmms_eval"]["all"]["precision"], 0.5);
  EXPECT_EQ(score["lmms_eval"]["all"]["recall"], 1.0);
  EXPECT_EQ(score["lmms_eval"]["all"]["yes_ratio"], 0.5);
}

TEST(Pope, FiguresThatDivideByNothingAreNamed) {
  const Json score = SmallPope({"yes", "no"}, {"no", "no"}).score();
  EXPECT_TRUE(score["official"]["random"]["precision"].is_null());
  EXPECT_TRUE(score["official"]["mean_f1"].is_null());
  EXPECT_EQ(score["official"]["random"]["recall"], 0.0);
  EXPECT_EQ(score["problems"]["undefined"]["count"], 2);
  EXPECT_EQ(score["lmms_eval"]["all"]["f1"], 0.0);
}

TEST(Pope, AnswersThatDoNotFitTheQuestionsAreCounted) {
  const SmallPope fewer({"yes", "no", "no"}, {"yes"}), more({"yes"}, {"yes", "no", "no"});
  EXPECT_EQ(fewer.score()["official"]["random"]["n"], 1);
  EXPECT_EQ(fewer.score()["problems"]["missing"]["count"], 2);
  EXPECT_NE(fewer.score()["problems"]["missing"]["first"][0].get<std::string>().find("question 2"),
            std::string::npos);
  EXPECT_EQ(more.score()["problems"]["too many"]["count"], 2);
  EXPECT_EQ(more.score()["official"]["random"]["yes_ratio"], 1 / 3.0);
  const SmallPope other({"yes"}, {});
  other.folder.write("coco_pope_random_answers.json",
                     R"({"question": "Is there a cat?", "answer": "yes"})");
  EXPECT_EQ(other.score()["problems"]["another question"]["count"], 1);
}

TEST(Pope, AsksEachProtocolsPromptAndNamesMissingPictures) {
  const SmallPope small({"yes", "no"}, {});
  const auto pope = open_pope(small.folder.path());
  const std::string error = error_of([&] { pope->questions(Protocol::kOfficial); });
  EXPECT_NE(error.find("val2014/COCO_val2014_000000000001.jpg: no such picture; 1 of"),
            std::string::npos)
      << error;
  const fs::path picture = small.folder.write("val2014/COCO_val2014_000000000001.jpg", "");
  const auto official = pope->questions(Protocol::kOfficial);
  const auto lmms_eval = pope->questions(Protocol::kLmmsEval);
  ASSERT_EQ(official.size(), 2u);
  EXPECT_EQ(official[1].id, "random/2");
  EXPECT_EQ(official[1].pictures, std::vector{picture});
  EXPECT_EQ(official[0].prompt, " Is there a dog in the image?");
  EXPECT_EQ(lmms_eval[0].prompt,
            "Is there a dog in the image?\nAnswer the question using a single word or phrase.");
}

TEST(Pope, ReadsBackWhatItWrites) {
  const SmallPope small({"yes", "no", "no"}, {});
  const auto pope = open_pope(small.folder.path());
  pope->write_predictions(small.folder.path() / "out", {"Yes", "No,\nsir \xff", "no"});
  const Json score = pope->score(small.folder.path() / "out");
  EXPECT_EQ(score["parsed"]["random"], "yyn");
  EXPECT_TRUE(score["problems"].empty());
  EXPECT_NE(error_of([&] { pope->write_predictions(small.folder.path(), {"yes"}); }), "");
}

TEST(Pope, DamagedFilesAreErrorsThatNameTheLine) {
  const SmallPope small({"yes", "no", "no"}, {"yes", "no", "no"});
  const fs::path questions = small.folder.path() / "coco_pope_random.json";
  const fs::path answers = small.folder.path() / "coco_pope_random_answers.json";
  expect_only_errors(questions, [&] { return small.score(); });
  expect_only_errors(answers, [&] { return small.score(); });
  small.folder.write("coco_pope_random_answers.json", "{\"answer\": \"no\"}\n\n{\"answer\": 1}\n");
  const std::string error = error_of([&] { small.score(); });
  EXPECT_NE(error.find("answers.json: line 3: 'answer': expected text, found number"),
            std::string::npos)
      << error;
}

}  // namespace
}  // namespace showo
