// MME's scores are those of calculation.py and lmms-eval, quirks included.
#include "showo/benchmarks/mme.h"

#include "tests/benchmarks/agreement.h"

namespace showo {
namespace {

const std::vector<std::string> kSubtasks = {"existence",
                                            "count",
                                            "position",
                                            "color",
                                            "posters",
                                            "celebrity",
                                            "scene",
                                            "landmark",
                                            "artwork",
                                            "OCR",
                                            "commonsense_reasoning",
                                            "numerical_calculation",
                                            "text_translation",
                                            "code_reasoning"};

const std::string kPair =
    "1.jpg\tIs it a dog? Please answer yes or no.\tYes\n"
    "1.jpg\tIs it a cat? Please answer yes or no.\tNo\n";

// Two questions a sub-task, all answered rightly.
struct SmallMme {
  ScratchFolder folder;
  SmallMme() {
    for (const std::string& name : kSubtasks) {
      folder.write(name + ".txt", kPair);
      answer(name, "yes", "no");
    }
  }
  void answer(const std::string& name, const std::string& first, const std::string& second) const {
    std::string text = kPair;
    text.replace(text.rfind("No\n"), 3, "No\t" + second);
    text.replace(text.find("Yes\n"), 4, "Yes\t" + first + "\n");
    folder.write("out/" + name + ".txt", text);
  }
  Json score() const { return open_mme(folder.path())->score(folder.path() / "out"); }
};

TEST(Mme, AgreesWithTheOfficialScriptAndLmmsEval) {
  const Json expected = read_json(oracle("mme/expected.json"));
  for (const char* data : {"mme/questions", "mme"}) {
    const Json score = open_mme(oracle(data))->score(oracle("mme/responses"));
    EXPECT_GE(expect_agreement(expected, score), 200);
    EXPECT_TRUE(score["problems"].empty()) << score["problems"];
  }
}

TEST(Mme, LooksAtFourCharactersAndNotBytes) {
  const SmallMme small;
  const std::vector<std::array<std::string, 3>> cases = {
      {"yes", "no", "yn"},      {"  yes", "know", "on"}, {"éyes", "Not sure", "yn"},
      {"I say yes", "N", "oo"}, {"noyes", "İno", "nn"},  {"éééyes", "é no", "on"}};
  for (const auto& [first, second, parsed] : cases) {
    small.answer("count", first, second);
    EXPECT_EQ(small.score()["parsed"]["count"], parsed) << first << ", " << second;
  }
}

TEST(Mme, LmmsEvalStripsPeriodsAndTakesALetterAlone) {
  const SmallMme small;
  small.answer("count", " Y. ", "  .no");
  const Json score = small.score();
  EXPECT_EQ(score["lmms_eval"]["parsed"]["count"], "yn");
  EXPECT_EQ(score["lmms_eval"]["tasks"]["count"], 200.0);
  EXPECT_EQ(score["lmms_eval"]["perception"], 2000.0);
  EXPECT_EQ(score["official"]["perception"], 1800.0);
}

TEST(Mme, WhatDiffersFromTheBenchmarkIsCounted) {
  const SmallMme small;
  EXPECT_TRUE(small.score()["problems"].empty());
  small.folder.write("out/OCR.txt",
                     "1.jpg\tIs it a dog? Please answer yes or no.\tNo\tno\n"
                     "1.jpg\tIs it a dog? Please answer yes or no.\tYes\tno\n"
                     "2.jpg\tIs it a dog?\tYes\tyes\n"
                     "2.jpg\tIs it a cat?\tNo\tno\n");
  const Json problems = small.score()["problems"];
  EXPECT_EQ(problems["another truth"]["count"], 1);
  EXPECT_EQ(problems["doubled"]["count"], 1);
  EXPECT_EQ(problems["unknown"]["count"], 2);
  EXPECT_EQ(problems["missing"]["count"], 1);
  EXPECT_EQ(problems["missing"]["first"][0],
            (small.folder.path() / "OCR.txt").string() + ": line 2");
}

TEST(Mme, AsksEachProtocolsPromptAndNamesMissingPictures) {
  const SmallMme small;
  const auto mme = open_mme(small.folder.path());
  const std::string error = error_of([&] { mme->questions(Protocol::kOfficial); });
  EXPECT_NE(error.find("existence/1.jpg: no such picture; 14 of"), std::string::npos) << error;
  for (const std::string& name : kSubtasks) small.folder.write(name + "/images/1.jpg", "");
  const auto official = mme->questions(Protocol::kOfficial);
  ASSERT_EQ(official.size(), 28u);
  EXPECT_EQ(official[3].id, "count/2");
  EXPECT_EQ(official[3].prompt, "Is it a cat? Please answer yes or no.");
  EXPECT_EQ(official[3].pictures[0], small.folder.path() / "count/images/1.jpg");
  EXPECT_EQ(mme->questions(Protocol::kLmmsEval)[3].prompt,
            "Is it a cat?\nAnswer the question using a single word or phrase.");
}

TEST(Mme, ReadsBackWhatItWrites) {
  const SmallMme small;
  const auto mme = open_mme(small.folder.path());
  std::vector<std::string> answers(28, "no");
  answers[0] = "yes,\nit\tis \xff";
  mme->write_predictions(small.folder.path() / "mine", answers);
  const Json score = mme->score(small.folder.path() / "mine");
  EXPECT_EQ(score["official"]["tasks"]["existence"]["score"], 200.0);
  EXPECT_EQ(score["official"]["tasks"]["count"]["score"], 50.0);
  EXPECT_TRUE(score["problems"].empty()) << score["problems"];
}

TEST(Mme, DamagedFilesAreErrorsThatNameTheLine) {
  const SmallMme small;
  expect_only_errors(small.folder.path() / "scene.txt", [&] { return small.score(); });
  expect_only_errors(small.folder.path() / "out/scene.txt", [&] { return small.score(); });
  small.answer("scene", "yes\tno", "no");
  EXPECT_NE(error_of([&] {
              small.score();
            }).find("scene.txt: line 1: expected 4 columns with tabs between, found 5"),
            std::string::npos);
  small.answer("scene", "yes\xff", "no");
  EXPECT_NE(error_of([&] { small.score(); }).find("scene.txt: line 1: not UTF-8"),
            std::string::npos);
  fs::remove(small.folder.path() / "out/scene.txt");
  EXPECT_NE(error_of([&] { small.score(); }).find("scene.txt"), std::string::npos);
}

}  // namespace
}  // namespace showo
