// What counts as a story well told: real stories do, whose pictures stand still do not, and what is
// written has to come true.
#include "showo/eval/stories.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "showo/data/emoji_dataset.h"
#include "showo/data/emoji_story.h"
#include "showo/data/shards.h"
#include "tests/data/small_world.h"

namespace showo {
namespace {

using namespace emoji;
using Place = SceneContents::Place;

EmojiOptions story_world() {
  auto options = small_world();
  options.grid = 8;
  options.small = 32;
  options.large = 48;
  options.scenes = options.held_apart = options.stories = 40;
  return options;
}

// As the recogniser would find it at best: one place a kind, the middle of its cell.
SceneContents found_of(const SceneContents& scene) {
  SceneContents found = scene;
  found.places.clear();
  for (const auto& kind : scene.kinds) {
    Place place = *std::ranges::find(scene.places, kind, &Place::kind);
    place.x = place.x / kRecogniserCell * kRecogniserCell + kRecogniserCell / 2;
    place.y = place.y / kRecogniserCell * kRecogniserCell + kRecogniserCell / 2;
    place.size = 0;
    found.places.push_back(place);
  }
  return found;
}

SceneContents scene_of(std::vector<Place> places, const std::string& background = "red") {
  SceneContents scene;
  scene.background = background;
  for (const Place& place : places) scene.kinds.insert(place.kind);
  scene.things = std::ssize(places);
  scene.places = std::move(places);
  return scene;
}

// By place, as the order of things says nothing.
std::vector<std::tuple<int64_t, int64_t, std::string>> sorted(const SceneContents& scene) {
  std::vector<std::tuple<int64_t, int64_t, std::string>> places;
  for (const Place& place : scene.places) places.emplace_back(place.y, place.x, place.kind);
  std::ranges::sort(places);
  return places;
}

TEST(JudgedStory, HasTheRealNextPictureRightAndTheOneBeforeWrong) {
  EmojiWorld world(story_world());
  for (int i = 0; i < 300; ++i) {
    const Sample story = world.story(Split::kTrain, i);
    const auto scenes = story_contents_of(story);
    EXPECT_TRUE(judge_scene(scenes[0], found_of(scenes[0])).all());
    for (size_t f = 1; f < scenes.size(); ++f) {
      const Change change = *read_change(story.frames[f].text, world.kinds());
      const auto right = judge_change(change, scenes[f - 1], scenes[f], found_of(scenes[f]), 64);
      EXPECT_TRUE(right.all()) << story.frames[f].text << " " << right.change << right.stayed
                               << right.others << right.background << right.number;
      const auto still =
          judge_change(change, scenes[f - 1], scenes[f], found_of(scenes[f - 1]), 64);
      // Of several of a kind the recogniser knows no places but one.
      if (!change.place.empty() && change.kind == Change::Kind::kMove) continue;
      EXPECT_FALSE(still.change) << story.frames[f].text;
    }
  }
}

TEST(JudgedStory, AppliesATextAsTheWorldDoes) {
  EmojiWorld world(story_world());
  for (int i = 0; i < 300; ++i) {
    const Sample story = world.story(Split::kTrain, i);
    const auto scenes = story_contents_of(story);
    for (size_t f = 1; f < scenes.size(); ++f) {
      const auto after =
          changed(scenes[f - 1], *read_change(story.frames[f].text, world.kinds()), 64);
      ASSERT_TRUE(after) << story.frames[f].text;
      EXPECT_EQ(sorted(*after), sorted(scenes[f])) << story.frames[f].text;
      EXPECT_EQ(after->kinds, scenes[f].kinds);
      EXPECT_EQ(after->things, scenes[f].things);
      EXPECT_EQ(after->background, scenes[f].background);
    }
  }
}

TEST(JudgedStory, KnowsWhatCannotHappen) {
  const auto kinds = read_kinds(story_world().kinds_file);
  const auto scene = scene_of({{"apple", 16, 16, 32}, {"apple", 48, 16, 32}, {"car", 16, 48, 32}});
  const auto possible = [&](const char* text) {
    return changed(scene, *read_change(text, kinds), 64).has_value();
  };
  EXPECT_TRUE(possible("the car leaves"));
  EXPECT_TRUE(possible("the apple at the top left leaves"));
  EXPECT_TRUE(possible("a frog appears at the bottom right"));
  EXPECT_FALSE(possible("the frog leaves")) << "it is not there";
  EXPECT_FALSE(possible("the apple leaves")) << "which one?";
  EXPECT_FALSE(possible("the apple at the bottom right leaves")) << "none is there";
  EXPECT_FALSE(possible("a frog appears at the top left")) << "there is an apple";
  EXPECT_FALSE(possible("the car moves to the top left")) << "there is an apple";
  EXPECT_FALSE(possible("the car moves to the bottom left")) << "it is there already";
  EXPECT_FALSE(possible("the background turns red")) << "it is red";
  EXPECT_FALSE(possible("the car becomes a car"));
}

TEST(JudgedStory, CountsWhatStayedAndWhatDidNot) {
  const Change appears{Change::Kind::kAppear, "frog", "bottom right", "", false};
  const auto before = scene_of({{"apple", 16, 16, 32}, {"car", 16, 48, 32}});
  const auto after = *changed(before, appears, 64);
  const auto judged = [&](std::vector<Place> places, const std::string& background = "red") {
    return judge_change(appears, before, after, scene_of(std::move(places), background), 64);
  };
  const auto moved = judged({{"apple", 20, 12}, {"car", 44, 20}, {"frog", 52, 44}});
  EXPECT_TRUE(moved.change && moved.number && moved.background);
  EXPECT_EQ(moved.others, 2);
  EXPECT_EQ(moved.stayed, 1);
  EXPECT_FALSE(moved.all());
  const auto elsewhere = judged({{"apple", 20, 12}, {"car", 20, 44}, {"frog", 52, 20}});
  EXPECT_FALSE(elsewhere.change);
  EXPECT_EQ(elsewhere.stayed, 2);
  EXPECT_FALSE(judged({{"apple", 20, 12}, {"car", 20, 44}, {"frog", 52, 44}}, "blue").background);
  EXPECT_FALSE(judged({{"apple", 20, 12}, {"frog", 52, 44}}).number);
}

class Stories : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = fs::temp_directory_path() / fmt::format("showo-stories-{}", ::getpid());
    write_emoji_dataset(story_world(), folder_);
    shards_ = (folder_ / "stories-test.tar").string();
    ShardReader reader(shards_);
    while (auto story = reader.next()) {
      const auto scenes = story_contents_of(*story);
      for (size_t f = 0; f < scenes.size(); ++f) {
        const Image picture = picture_of(story->frames[f], "");
        known_.emplace_back(picture.rgb, scenes[f]);
        next_.push_back(
            {picture.rgb, f + 1 < scenes.size() ? story->frames[f + 1] : SampleFrame{}});
      }
      firsts_.push_back(story->frames[0]);
    }
  }
  static void TearDownTestSuite() { fs::remove_all(folder_); }

  static Eye eye() {
    Eye eye;
    for (const Kind& kind : read_kinds(story_world().kinds_file)) eye.kinds.push_back(kind.name);
    eye.recognise = [](const Image& picture) {
      for (const auto& [rgb, scene] : known_)
        if (rgb == picture.rgb) return found_of(scene);
      return SceneContents{};
    };
    return eye;
  }
  // What follows this picture in its story.
  static SampleFrame after(const Image& picture) {
    for (const auto& [rgb, frame] : next_)
      if (rgb == picture.rgb) return frame;
    return {};
  }
  // Of several stories that come through one picture, the one in which this text follows.
  static SampleFrame after(const Image& picture, const std::string& text) {
    for (const auto& [rgb, frame] : next_)
      if (rgb == picture.rgb && frame.text == text) return frame;
    return after(picture);
  }
  // Draws what the shard has.
  static Image real(const std::vector<SampleFrame>& story, const std::string& text) {
    if (!story.empty()) return picture_of(after(story.back().picture, text), "");
    const auto first = std::ranges::find(firsts_, text, &SampleFrame::text);
    return picture_of(*first, "");
  }

  static fs::path folder_;
  static std::string shards_;
  static std::vector<std::pair<std::vector<uint8_t>, SceneContents>> known_;
  static std::vector<std::pair<std::vector<uint8_t>, SampleFrame>> next_;
  static std::vector<SampleFrame> firsts_;
};
fs::path Stories::folder_;
std::string Stories::shards_;
std::vector<std::pair<std::vector<uint8_t>, SceneContents>> Stories::known_;
std::vector<std::pair<std::vector<uint8_t>, SampleFrame>> Stories::next_;
std::vector<SampleFrame> Stories::firsts_;

TEST_F(Stories, AreAllRightWhenTheyAreReal) {
  const Storyteller teller{real, nullptr};
  const auto told = judge_stories(teller, eye(), shards_, 20, Telling::kTold);
  const FrameTally& all = told.frames.at("all");
  EXPECT_GE(all.judged, 40);
  EXPECT_EQ(all.all, all.judged);
  EXPECT_EQ(all.stayed, all.others);
  EXPECT_EQ(told.frames.at("frame 1").judged, 20);
  EXPECT_EQ(told.frames.at("frame 1").all, 20);
  EXPECT_TRUE(told.frames.contains("frame 6"));
  EXPECT_TRUE(told.frames.contains("move"));
  EXPECT_EQ(judge_stories(teller, eye(), shards_, 20, Telling::kEdited).frames.at("all").all,
            all.judged);
}

TEST_F(Stories, InWhichNothingHappensAreWrong) {
  const Storyteller teller{[](const std::vector<SampleFrame>& story, const std::string& text) {
                             return story.empty() ? real(story, text) : story.back().picture;
                           },
                           nullptr};
  const auto edited = judge_stories(teller, eye(), shards_, 20, Telling::kEdited).frames.at("all");
  EXPECT_LT(edited.change, edited.judged / 10);
  EXPECT_GT(edited.stayed, edited.others * 8 / 10) << "what should stay does";
}

TEST_F(Stories, AreWrittenTrueOrNot) {
  Storyteller teller{
      real, [](const std::vector<SampleFrame>& story) { return after(story.back().picture).text; }};
  const auto real_texts = judge_stories(teller, eye(), shards_, 20, Telling::kWritten).texts;
  EXPECT_GE(real_texts.written, 40);
  EXPECT_EQ(real_texts.true_of_picture, real_texts.written);
  teller.write = [](const std::vector<SampleFrame>&) { return "the unicorn leaves"; };
  const auto nonsense = judge_stories(teller, eye(), shards_, 5, Telling::kWritten).texts;
  EXPECT_GT(nonsense.written, 0);
  EXPECT_EQ(nonsense.read, 0);
  teller.write = [](const std::vector<SampleFrame>& story) {
    return after(story.back().picture).text.empty() ? "" : "the background turns purple";
  };
  const auto wrong = judge_stories(teller, eye(), shards_, 20, Telling::kWritten).texts;
  EXPECT_GT(wrong.possible, 10);
  EXPECT_LT(wrong.true_of_picture, wrong.possible / 2);
  // Of a story that began with another picture than it was told, texts are true of that picture.
  const auto other = [](const std::vector<SampleFrame>& story, const std::string& text) {
    return real(story, story.empty() && text != firsts_[0].text ? firsts_[0].text : text);
  };
  teller = {other,
            [](const std::vector<SampleFrame>& story) { return after(story.back().picture).text; }};
  const auto astray = judge_stories(teller, eye(), shards_, 20, Telling::kWritten);
  EXPECT_LT(astray.frames.at("frame 1").all, 10);
  EXPECT_GT(astray.texts.written, 20);
  EXPECT_GE(astray.texts.true_of_picture, astray.texts.written * 9 / 10);
  teller.write = [](const std::vector<SampleFrame>&) { return ""; };
  EXPECT_EQ(judge_stories(teller, eye(), shards_, 5, Telling::kWritten).texts.written, 0);
}

}  // namespace
}  // namespace showo
