// GenEval's verdicts and summary are those of evaluate_images.py and summary_scores.py.
#include "showo/benchmarks/geneval.h"

#include "tests/benchmarks/agreement.h"

namespace showo {
namespace {

Json expected() { return read_json(oracle("geneval/expected.json")); }

GenevalBox box(float x1, float y1, float x2, float y2, float score = 0.95F,
               const std::string& colour = "red") {
  return {x1, y1, x2, y2, score, colour};
}

GenevalRequest request(const std::string& name, int64_t count) { return {name, count, {}, {}}; }

std::string reason(const GenevalObjects& objects, const std::vector<GenevalRequest>& include) {
  return judge_picture(objects, include, {}).reason;
}

// A cat at the first place, and a dog that must lie so to it.
std::string dog_to_cat(const GenevalBox& cat, const GenevalBox& dog, const std::string& relation) {
  GenevalRequest second = request("dog", 1);
  second.position = {relation, 0};
  return reason({{"cat", {cat}}, {"dog", {dog}}}, {request("cat", 1), second});
}

TEST(Geneval, AgreesWithTheOfficialScripts) {
  const Json score = score_geneval(oracle("geneval"), oracle("geneval/detections.jsonl"));
  EXPECT_GE(expect_agreement(expected()["official"], score["official"]), 30);
  EXPECT_GE(expect_agreement(expected()["pictures"], score["pictures"]), 2 * 1106);
  EXPECT_TRUE(score["problems"].empty()) << score["problems"];
}

TEST(Geneval, AgreesOnRulesThatItsPromptsDoNotReach) {
  const fs::path data = oracle("geneval/extra_metadata.jsonl");
  for (const char* file : {"geneval/extra_detections.jsonl", "geneval/extra_results.jsonl"}) {
    const Json score = score_geneval(data, oracle(file));
    EXPECT_GE(expect_agreement(expected()["official_extra"], score["official"]), 30);
    EXPECT_GE(expect_agreement(expected()["extra_pictures"], score["pictures"]), 2 * 72);
    EXPECT_TRUE(score["problems"].empty()) << score["problems"];
  }
}

TEST(Geneval, WritesTheOfficialResultsFile) {
  const ScratchFolder folder;
  const fs::path out = folder.path() / "results.jsonl";
  EXPECT_TRUE(write_geneval_results(oracle("geneval/extra_metadata.jsonl"),
                                    oracle("geneval/extra_detections.jsonl"), out)
                  .empty());
  EXPECT_EQ(read_file(out), read_file(oracle("geneval/extra_results.jsonl")));
}

TEST(Geneval, FoldersAreTheOfficialOnes) {
  EXPECT_EQ(geneval_metadata_path(7), fs::path("00007/metadata.jsonl"));
  EXPECT_EQ(geneval_picture_path(552, 3), fs::path("00552/samples/00003.png"));
  const auto prompts = read_geneval(oracle("geneval"));
  ASSERT_EQ(prompts.size(), 553U);
  std::string lines;
  for (const auto& prompt : prompts) lines += prompt.metadata + "\n";
  EXPECT_EQ(lines, read_file(oracle("geneval/evaluation_metadata.jsonl")));
}

TEST(Geneval, ThresholdsAreFloat32) {
  const auto sure = [](float score, const std::string& tag) {
    return !sure_objects({{"cat", {box(0, 0, 9, 9, score)}}}, tag).empty();
  };
  EXPECT_FALSE(sure(static_cast<float>(0.30000001192092896), "colors"));
  EXPECT_TRUE(sure(static_cast<float>(0.30000004172325134), "colors"));
  EXPECT_FALSE(sure(0.9F, "counting"));
  EXPECT_TRUE(sure(0.9F, "two_object"));
}

TEST(Geneval, TheSixteenSurestCount) {
  Json boxes;
  GenevalObjects found;
  for (int i = 0; i < 20; ++i)
    found["cat"].push_back(box(0, 0, 9, 9, 0.5F + 0.01F * static_cast<float>(i * 7 % 20)));
  const auto sure = sure_objects(found, "colors").at("cat");
  ASSERT_EQ(sure.size(), 16U);
  EXPECT_FLOAT_EQ(sure[0].score, 0.69F);
  EXPECT_FLOAT_EQ(sure[15].score, 0.54F);
}

TEST(Geneval, PositionsShrinkByTheSizes) {
  // Offset (−60, −80), sizes 50 + 50: shrunk to (−50, −70) of a length of 100; −0.5 is not enough.
  const auto cat = box(100, 100, 150, 150), dog = box(40, 20, 90, 70);
  EXPECT_EQ(dog_to_cat(cat, dog, "above"), "");
  EXPECT_EQ(dog_to_cat(cat, dog, "left of"), "expected dog left of target, found above target");
  EXPECT_EQ(dog_to_cat(cat, cat, "above"), "expected dog above target, found  target");
  EXPECT_EQ(dog_to_cat(cat, box(300, 300, 350, 350), "above"),
            "expected dog above target, found below and right of target");
}

TEST(Geneval, ColoursAreSoughtAmongTheSurest) {
  GenevalRequest red = request("cat", 1);
  red.colour = "red";
  const auto first = box(0, 0, 9, 9, 0.9F, "blue"), second = box(0, 0, 9, 9, 0.8F, "red");
  EXPECT_EQ(reason({{"cat", {first, second}}}, {red}),
            "expected red cat>=1, found 0 red; and 1 blue");
  EXPECT_EQ(reason({{"cat", {second, first}}}, {red}), "");
  EXPECT_NE(error_of([&] { reason({{"cat", {box(0, 0, 9, 9, 0.9F, "")}}}, {red}); }), "");
}

// A prompt, and pictures of it.
struct Small {
  ScratchFolder folder;
  Small() {
    folder.write("evaluation_metadata.jsonl",
                 R"({"tag": "single_object", "include": [{"class": "cat", "count": 1}], )"
                 R"("prompt": "a photo of a cat"})"
                 "\n");
  }
  Json score(const std::string& lines) const {
    return score_geneval(folder.path(), folder.write("d.jsonl", lines));
  }
};

const std::string kCat = R"("objects": {"cat": [[0, 0, 9, 9, 0.8, null]]}})"
                         "\n";

TEST(Geneval, FaultsAreCounted) {
  const Small small;
  const Json score = small.score(R"({"file": "00000/samples/00000.png", )" + kCat +
                                 R"({"file": "00000/samples/00000.png", "objects": {"cow": [], )"
                                 R"("unicorn": []}})" +
                                 "\n" + R"({"file": "00001/samples/00000.png", )" + kCat +
                                 R"({"file": "cat.png", )" + kCat);
  EXPECT_EQ(score["official"]["images"], 2);
  EXPECT_EQ(score["official"]["correct"], 1);
  EXPECT_EQ(score["official"]["prompts_correct"], 1);
  EXPECT_EQ(score["problems"]["doubled"]["count"], 1);
  EXPECT_EQ(score["problems"]["unknown id"]["count"], 2);
  EXPECT_EQ(score["problems"]["unknown class"]["count"], 1);
  const Json few =
      score_geneval(oracle("geneval"),
                    small.folder.write("d.jsonl", R"({"file": "00003/samples/0.png", )" + kCat));
  EXPECT_EQ(few["problems"]["missing"]["count"], 552);
  EXPECT_EQ(few["official"]["overall"], 0);
}

TEST(Geneval, WhatCannotBeReadIsNamed) {
  const Small small;
  const auto fault = [&](const std::string& rest) {
    return error_of([&] {
      small.score(R"({"file": "00000/samples/0.png", )" + kCat +
                  R"({"file": "00000/samples/1.png", )" + rest);
    });
  };
  for (const char* rest : {R"("objects": {"cat": [[0, 0, 9, 9, 0.8, "mauve"]]}})",
                           R"("objects": {"cat": [[0, 0, 9, 1e300, 0.8, "red"]]}})",
                           R"("objects": {"cat": [[0, 0, 9, "9", 0.8, "red"]]}})",
                           R"("objects": {"cat": [[0, 0, 9]]}})", R"("objects": []})", "}"})
    EXPECT_NE(fault(rest).find("line 2"), std::string::npos) << fault(rest);
  EXPECT_NE(error_of([&] { small.score(""); }), "");
  small.folder.write("evaluation_metadata.jsonl",
                     R"({"tag": "position", "prompt": "p", "include": [{"class": "cat", )"
                     R"("count": 1, "position": ["above", 0]}]})");
  EXPECT_NE(error_of([&] { read_geneval(small.folder.path()); }).find("an earlier object"),
            std::string::npos);
}

TEST(Geneval, DamagedFilesThrowNothingButErrors) {
  const Small small;
  const fs::path detections =
      small.folder.write("d.jsonl", R"({"file": "00000/samples/00000.png", )" + kCat);
  const auto score = [&] { return score_geneval(small.folder.path(), detections); };
  expect_only_errors(detections, score);
  expect_only_errors(small.folder.path() / "evaluation_metadata.jsonl", score);
  const fs::path results = small.folder.path() / "results.jsonl";
  write_geneval_results(small.folder.path(), detections, results);
  expect_only_errors(results, [&] { return score_geneval(small.folder.path(), results); });
}

}  // namespace
}  // namespace showo
