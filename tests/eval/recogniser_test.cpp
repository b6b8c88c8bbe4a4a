// The judge of generated pictures learns from real scenes, and what is asked and judged of a model
// on scenes is counted as it is.
#include "showo/eval/recogniser.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "showo/data/emoji_dataset.h"
#include "showo/data/shards.h"
#include "showo/eval/pictures.h"
#include "showo/eval/questions.h"
#include "showo/image/decode.h"
#include "showo/image/image.h"
#include "showo/image/tensor.h"
#include "tests/data/small_world.h"

namespace showo {
namespace {

using namespace emoji;

const fs::path kEmbedded = SHOWO_SOURCE_DIR "/models/embedded";

class Judges : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = fs::temp_directory_path() / fmt::format("showo-judges-{}", ::getpid());
    auto options = small_world();
    options.most = 2;
    options.grid = 8;
    options.small = 32;
    options.large = 48;
    options.scenes = 240;
    options.held_apart = 12;
    write_emoji_dataset(options, folder_);
    shards_ = (folder_ / "train-0000.tar").string();
  }
  static void TearDownTestSuite() { fs::remove_all(folder_); }
  static fs::path folder_;
  static std::string shards_;
};
fs::path Judges::folder_;
std::string Judges::shards_;

std::vector<Sample> first_samples(const std::string& shard, int64_t count) {
  ShardReader reader(shard);
  std::vector<Sample> samples;
  while (std::ssize(samples) < count) {
    auto sample = reader.next();
    if (!sample) break;
    samples.push_back(std::move(*sample));
  }
  return samples;
}

TEST_F(Judges, ARecogniserLearnsWhatScenesHold) {
  Recogniser recogniser = train_recogniser({shards_}, {.steps = 150, .batch = 16});
  int64_t colours = 0, kinds = 0, known = 0, found_things = 0, styles = 0;
  for (const Sample& sample : first_samples(shards_, 40)) {
    const auto pixels =
        to_tensor(decode_image(std::as_bytes(std::span(sample.image_bytes)), sample.key));
    const SceneContents found = recogniser->recognise(pixels.unsqueeze(0))[0],
                        wanted = contents_of(sample);
    colours += found.background == wanted.background;
    for (const auto& kind : wanted.kinds) {
      ++known;
      kinds += found.kinds.contains(kind);
    }
    for (const auto& there : found.places) {
      if (!wanted.kinds.contains(there.kind)) continue;
      ++found_things;
      styles += there.style == wanted.places[0].style;  // a scene has one
    }
  }
  EXPECT_GE(colours, 38);
  EXPECT_GT(2 * kinds, known) << "of twelve kinds chance finds a seventh";
  EXPECT_GT(3 * styles, 2 * found_things) << "of two styles chance finds a half";

  make_folder(folder_ / "judge");
  write_recogniser(folder_ / "judge", recogniser);
  Recogniser again = load_recogniser(folder_ / "judge");
  const auto pixels = torch::rand({2, 3, 64, 64}) * 2 - 1;
  torch::NoGradGuard no_grad;
  EXPECT_TRUE(
      torch::equal(again->forward(pixels).kinds_BKHW, recogniser->forward(pixels).kinds_BKHW));
}

// Pictures of twice the size, six things and three styles; what is found is said in their pixels.
TEST_F(Judges, ARecogniserLearnsFromLargePicturesWithManyThings) {
  auto options = small_world();
  options.canvas = 128;
  options.styles = 3;
  options.fewest = 5;
  options.most = 6;
  options.grid = 8;
  options.scenes = 40;
  options.held_apart = 1;
  write_emoji_dataset(options, folder_ / "large");
  const std::string shard = (folder_ / "large" / "train-0000.tar").string();
  Recogniser recogniser = train_recogniser({shard}, {.steps = 60, .batch = 8});
  EXPECT_EQ(recogniser->config.max_things, 6);
  EXPECT_EQ(recogniser->config.styles, (std::vector<std::string>{"flat", "glossy", "plain"}));
  recogniser->kinds->bias.data().add_(100);  // it finds everything, wherever that is likeliest
  std::set<int64_t> xs, ys;
  for (const Sample& sample : first_samples(shard, 40)) {
    const auto pixels =
        to_tensor(decode_image(std::as_bytes(std::span(sample.image_bytes)), sample.key));
    const SceneContents found = recogniser->recognise(pixels.unsqueeze(0))[0];
    EXPECT_EQ(found.cell, 16);
    for (const auto& there : found.places) xs.insert(there.x), ys.insert(there.y);
  }
  for (const auto& places : {xs, ys}) {
    EXPECT_GT(*places.rbegin(), 64) << "the right and the lower half are looked at";
    for (const int64_t place : places) EXPECT_EQ(place % 16, 8);
  }
}

// As a folder of before the recogniser knew of styles.
TEST_F(Judges, ARecogniserWithoutStylesIsReadAndTellsNone) {
  RecogniserConfig config;
  config.kinds = {"apple"};
  config.backgrounds = {"red"};
  config.width = 8;
  make_folder(folder_ / "before");
  torch::NoGradGuard no_grad;
  Recogniser untrained(config);
  for (auto& parameter : untrained->parameters()) parameter.zero_();
  write_recogniser(folder_ / "before", untrained);
  Json json = read_json(folder_ / "before" / "config.json");
  json.erase("styles");
  write_file_atomically(folder_ / "before" / "config.json", json.dump());
  Recogniser recogniser = load_recogniser(folder_ / "before");
  recogniser->kinds->bias.fill_(100);
  const auto found = recogniser->recognise(torch::zeros({1, 3, 64, 64}));
  ASSERT_EQ(found[0].places.size(), 1U);
  EXPECT_EQ(found[0].places[0].style, "");
}

TEST_F(Judges, PicturesAreCountedByWhatWasAsked) {
  Pipeline pipeline(ModelPaths::in(kEmbedded));
  PictureJudges judges;
  judges.recogniser = train_recogniser({shards_}, {.steps = 2, .batch = 4});
  const auto figures = judge_pictures(pipeline, judges, shards_, 6, {.steps = 2, .guidance = 0});
  int64_t singles = 0, pairs = 0;
  for (const Sample& sample : first_samples(shards_, 6))
    ++(contents_of(sample).things == 1 ? singles : pairs);
  for (const auto* tallies : {&figures.real, &figures.reconstructed, &figures.generated}) {
    const auto judged = [&](const char* asked) {
      const auto found = tallies->find(asked);
      return found == tallies->end() ? 0 : found->second.judged;
    };
    EXPECT_EQ(judged("1 thing"), singles);
    EXPECT_EQ(judged("2 things"), pairs);
  }
  EXPECT_GT(figures.psnr, 20) << "the embedded tokenizer reconstructs such scenes at 33 dB";
  EXPECT_GT(figures.ssim, 0.8);
}

// The embedded model knows this world: its answers are nearly always right, and every one counts.
TEST_F(Judges, QuestionsAreCountedByTheirKind) {
  Pipeline pipeline(ModelPaths::in(kEmbedded));
  const auto tallies = ask_questions(pipeline, shards_, 8);
  int64_t asked = 0;
  for (const Sample& sample : first_samples(shards_, 8)) asked += std::ssize(sample.turns);
  ASSERT_TRUE(tallies.contains("all"));
  EXPECT_EQ(tallies.at("all").asked, asked);
  int64_t by_kind = 0, right = 0;
  for (const auto& [kind, tally] : tallies) {
    if (kind == "all") continue;
    by_kind += tally.asked;
    right += tally.right;
    EXPECT_LE(tally.right, tally.asked);
  }
  EXPECT_EQ(by_kind, asked);
  EXPECT_EQ(tallies.at("all").right, right);
  EXPECT_GT(tallies.at("all").right * 10, asked * 7);
}

}  // namespace
}  // namespace showo
