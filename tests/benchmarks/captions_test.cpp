// Captions of COCO and Flickr30k score as pycocoevalcap scores them.
#include "showo/benchmarks/captions.h"

#include "tests/benchmarks/agreement.h"

namespace showo {
namespace {

Json expected_captions() { return read_json(oracle("captions/expected.json")); }
const fs::path results() { return oracle("captions/captions_val2014_results.json"); }

// Two pictures in COCO's form.
struct SmallCaptions {
  ScratchFolder folder;
  Json data = {
      {"images", {{{"id", 1}, {"file_name", "a.jpg"}}, {{"id", 2}, {"file_name", "b.jpg"}}}},
      {"annotations",
       {{{"image_id", 1}, {"caption", "a cat sits on a mat"}},
        {{"image_id", 2}, {"caption", "two dogs run in the park"}}}}};
  std::unique_ptr<Benchmark> open() const {
    folder.write("captions_val2014.json", data.dump());
    return open_captions(folder.path());
  }
  Json score(const Json& predictions) const {
    const auto benchmark = open();
    return benchmark->score(folder.write("results.json", predictions.dump()));
  }
};

Json prediction(const Json& id, const std::string& caption) {
  return {{"image_id", id}, {"caption", caption}};
}

TEST(Captions, AgreeWithTheOfficialProgram) {
  const Json score = open_captions(oracle("captions"))->score(oracle("captions"));
  EXPECT_GE(expect_agreement(expected_captions()["official"], score["official"]), 7);
  EXPECT_GE(expect_agreement(expected_captions()["per_image"], score["per_image"]), 64 * 6);
  EXPECT_TRUE(score["problems"].empty()) << score["problems"];
}

TEST(Captions, KarpathysFilesAreReadToo) {
  const Json flickr = open_captions(oracle("captions/dataset_flickr30k.json"))->score(results());
  EXPECT_GE(expect_agreement(expected_captions()["official"], flickr["official"]), 7);
  EXPECT_GE(expect_agreement(expected_captions()["per_image"], flickr["per_image"]), 64 * 6);
  const Json coco = open_captions(oracle("captions/dataset_coco.json"))->score(results());
  EXPECT_GE(expect_agreement(expected_captions()["official_first_20"], coco["official"]), 7);
  EXPECT_GE(expect_agreement(expected_captions()["per_image_first_20"], coco["per_image"]), 20 * 6);
  EXPECT_EQ(coco["problems"]["unknown id"]["count"], 44);
}

TEST(Captions, FaultsAreCountedAndSayHowTheyScored) {
  const SmallCaptions small;
  const Json good = small.score({prediction(1, "a cat"), prediction(2, "dogs")});
  EXPECT_TRUE(good["problems"].empty());
  // The last of two counts, ids may be text, an unknown one is left out.
  const Json odd = small.score({prediction(1, "no"), prediction("1", "a cat"),
                                prediction(2, "dogs"), prediction(7, "a cat")});
  EXPECT_EQ(odd["official"], good["official"]);
  EXPECT_EQ(odd["problems"]["doubled"]["count"], 1);
  EXPECT_EQ(odd["problems"]["unknown id"]["count"], 1);
  // A missing caption is an empty one.
  const Json missing = small.score({prediction(1, "a cat")});
  EXPECT_EQ(missing["official"],
            small.score({prediction(1, "a cat"), prediction(2, "")})["official"]);
  EXPECT_EQ(missing["problems"]["missing"]["count"], 1);
  EXPECT_NE(missing["problems"]["missing"]["first"][0].get<std::string>().find("image 2"),
            std::string::npos);
}

TEST(Captions, WhatCannotBeScoredIsNamed) {
  SmallCaptions small;
  EXPECT_NE(error_of([&] { small.score({prediction(5, "a")}); }).find("no caption of an image"),
            std::string::npos);
  EXPECT_NE(error_of([&] { small.score({{{"image_id", 1}}}); }).find("entry 0"), std::string::npos);
  small.data["annotations"].erase(1);
  EXPECT_NE(error_of([&] { small.open(); }).find("image 2 has no captions"), std::string::npos);
  small.data["images"][1]["id"] = 1;
  EXPECT_NE(error_of([&] { small.open(); }).find("image 1 stands there already"),
            std::string::npos);
  small.data["images"] = Json::array();
  EXPECT_NE(error_of([&] { small.open(); }).find("no images"), std::string::npos);
  const ScratchFolder empty;
  EXPECT_NE(error_of([&] { open_captions(empty.path()); }).find("captions_val2014.json"),
            std::string::npos);
}

TEST(Captions, AsksForEveryPictureAndWritesWhatItScores) {
  const SmallCaptions small;
  const auto benchmark = small.open();
  EXPECT_NE(error_of([&] { benchmark->questions(Protocol::kOfficial); }).find("a.jpg"),
            std::string::npos);
  small.folder.write("val2014/a.jpg", "x");
  small.folder.write("b.jpg", "x");
  const auto questions = benchmark->questions(Protocol::kLmmsEval);
  ASSERT_EQ(questions.size(), 2U);
  EXPECT_EQ(questions[0].id, "1");
  EXPECT_EQ(questions[0].pictures[0], small.folder.path() / "val2014" / "a.jpg");
  EXPECT_EQ(questions[0].prompt, "Provide a one-sentence caption for the provided image.");
  EXPECT_EQ(questions[0].max_tokens, 64);
  const fs::path out = small.folder.path() / "out";
  benchmark->write_predictions(out, {"a cat", "dogs\xff"});
  EXPECT_TRUE(fs::exists(out / "captions_val2014_results.json"));
  EXPECT_TRUE(benchmark->score(out)["problems"].empty());
  EXPECT_NE(error_of([&] { benchmark->write_predictions(out, {"a"}); }), "");
}

TEST(Captions, DamagedFilesThrowNothingButErrors) {
  const SmallCaptions small;
  const auto benchmark = small.open();
  expect_only_errors(small.folder.path() / "captions_val2014.json", [&] {
    const auto opened = open_captions(small.folder.path());
    return opened->questions(Protocol::kOfficial).size();
  });
  const fs::path file = small.folder.write(
      "results.json", Json({prediction(1, "a cat"), prediction(2, "dogs")}).dump());
  expect_only_errors(file, [&] { return benchmark->score(file); });
}

}  // namespace
}  // namespace showo
