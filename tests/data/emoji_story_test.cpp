// Stories of the emoji world: each scene differs from the one before by what the text says, and by
// nothing else.
#include "showo/data/emoji_story.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "showo/data/emoji_dataset.h"
#include "showo/data/shards.h"
#include "showo/image/decode.h"
#include "tests/data/small_world.h"
#include "tests/data/support.h"

namespace showo {
namespace {

using namespace emoji;

EmojiOptions story_world() {
  auto options = small_world();
  options.grid = 8;
  options.small = 32;
  options.large = 48;
  return options;
}

Image picture(const SampleFrame& frame) { return picture_of(frame, "frame"); }

TEST(EmojiStory, IsTheSameForTheSameSeedSplitAndIndexInAnyOrder) {
  EmojiWorld forwards(story_world()), backwards(story_world());
  std::vector<Sample> first;
  for (int i = 0; i < 20; ++i) first.push_back(forwards.story(Split::kTrain, i));
  for (int i = 19; i >= 0; --i) {
    const Sample again = backwards.story(Split::kTrain, i);
    ASSERT_EQ(again.frames.size(), first[i].frames.size());
    for (size_t f = 0; f < again.frames.size(); ++f) {
      EXPECT_EQ(again.frames[f].text, first[i].frames[f].text) << i;
      EXPECT_EQ(again.frames[f].image_bytes, first[i].frames[f].image_bytes) << i;
    }
  }
}

TEST(EmojiStory, HasThreeToSixScenesOfItsSplitThatDiffer) {
  const EmojiWorld world(story_world());
  for (const Split split : {Split::kTrain, Split::kCompositions}) {
    std::set<size_t> lengths;
    for (int i = 0; i < 200; ++i) {
      const auto [scenes, changes] = compose_story(world, split, i);
      lengths.insert(scenes.size());
      ASSERT_EQ(changes.size() + 1, scenes.size());
      for (const Scene& scene : scenes) {
        EXPECT_TRUE(world.belongs(scene, split)) << i;
        EXPECT_EQ(std::ranges::count(scenes, scene), 1) << i;
        EXPECT_LE(scene.objects.size(), 4u);
        for (const Object& a : scene.objects)
          for (const Object& b : scene.objects) EXPECT_TRUE(&a == &b || !a.overlaps(b)) << i;
      }
    }
    EXPECT_EQ(lengths, (std::set<size_t>{3, 4, 5, 6}));
  }
}

TEST(EmojiStory, TellsChangesOfEveryKindAboutAsOften) {
  const EmojiWorld world(story_world());
  std::map<Change::Kind, int> counts;
  for (int i = 0; i < 300; ++i) {
    for (const Change& change : compose_story(world, Split::kTrain, i).changes)
      ++counts[change.kind];
  }
  for (const auto kind : {Change::Kind::kAppear, Change::Kind::kLeave, Change::Kind::kMove,
                          Change::Kind::kReplace, Change::Kind::kBackground})
    EXPECT_GT(counts[kind], 100) << static_cast<int>(kind);
}

// What a change of the things does not name stays where it is.
TEST(EmojiStory, ChangesNoPixelOutsideTheThingThatTheTextNames) {
  EmojiWorld world(story_world());
  for (int i = 0; i < 60; ++i) {
    const auto [scenes, changes] = compose_story(world, Split::kTrain, i);
    const Sample sample = world.story(Split::kTrain, i);
    for (size_t f = 1; f < scenes.size(); ++f) {
      if (changes[f - 1].kind == Change::Kind::kBackground) continue;
      const Image before = picture(sample.frames[f - 1]), after = picture(sample.frames[f]);
      std::vector<Object> may = scenes[f].objects;
      may.insert(may.end(), scenes[f - 1].objects.begin(), scenes[f - 1].objects.end());
      std::erase_if(may, [&](const Object& object) {
        return std::ranges::count(scenes[f].objects, object) &&
               std::ranges::count(scenes[f - 1].objects, object);
      });
      bool changed = false;
      for (int y = 0; y < 64; ++y) {
        for (int x = 0; x < 64; ++x) {
          if (std::equal(before.pixel(x, y), before.pixel(x, y) + 3, after.pixel(x, y))) continue;
          changed = true;
          ASSERT_TRUE(std::ranges::any_of(may, [&](const Object& o) {
            return x >= o.x && y >= o.y && x < o.x + o.size && y < o.y + o.size;
          })) << sample.frames[f].text;
        }
      }
      EXPECT_TRUE(changed) << sample.frames[f].text;
    }
  }
}

TEST(Changes, AreReadAsTheyAreSaid) {
  EmojiWorld world(story_world());
  for (int i = 0; i < 300; ++i) {
    const auto [scenes, changes] = compose_story(world, Split::kCompositions, i);
    const Sample sample = world.story(Split::kCompositions, i);
    for (size_t f = 1; f < scenes.size(); ++f) {
      const auto& text = sample.frames[f].text;
      const auto read = read_change(text, world.kinds());
      ASSERT_TRUE(read) << text;
      EXPECT_EQ(describe(*read), describe(changes[f - 1])) << text;
    }
  }
}

TEST(Changes, SayWhichThingIsMeantWhereThereAreSeveral) {
  const auto kinds = read_kinds(story_world().kinds_file);
  Scene two;
  two.layout = Scene::Layout::kSideBySide;
  two.objects = {{0, Style::kFlat, true, 32, 0, 0}, {0, Style::kFlat, true, 32, 32, 32}};
  Scene one = two;
  one.objects.pop_back();
  Dice dice(1);
  EXPECT_EQ(change_between(two, one, kinds, 64),
            (Change{Change::Kind::kLeave, "apple", "bottom right", "", false}));
  EXPECT_EQ(change_between(one, two, kinds, 64),
            (Change{Change::Kind::kAppear, "apple", "bottom right", "", true}));
  Scene moved = one;
  moved.objects[0].x = 16, moved.objects[0].y = 16;
  const Change move = change_between(one, moved, kinds, 64);
  EXPECT_EQ(move, (Change{Change::Kind::kMove, "apple", "", "middle", false}));
  EXPECT_NE(say(move, dice).find(" to the middle"), std::string::npos);
  EXPECT_THROW(change_between(one, one, kinds, 64), Error);
}

TEST(Changes, ThatNobodySaysAreNotRead) {
  const auto kinds = read_kinds(story_world().kinds_file);
  EXPECT_TRUE(read_change("the apple moves to the top left", kinds));
  for (const char* text :
       {"", "the", "an apple", "the apple", "the unicorn leaves", "the apple moves",
        "the apple moves to the", "the apple moves to the moon", "an unicorn appears on the left",
        "the background turns mauve", "the apple leaves ", "the apple becomes apple",
        "apple appears at the left"})
    EXPECT_FALSE(read_change(text, kinds)) << text;
}

class StoryShards : public Scratch {
 protected:
  StreamOptions stories() const {
    StreamOptions options;
    options.decode = true;
    options.side = 32;
    options.texts = Texts::kStory;
    return options;
  }
};

TEST_F(StoryShards, HoldTheStoriesBesideTheScenes) {
  auto options = story_world();
  options.scenes = 4;
  options.held_apart = 3;
  options.stories = 5;
  options.scenes_per_shard = 2;
  const fs::path out = folder_ / "world";
  write_emoji_dataset(options, out);
  EmojiWorld world(options);
  const auto samples =
      first_samples(config("webdataset", (out / "stories-test.tar").string()), 3, stories());
  for (int i = 0; i < 3; ++i) {
    const Sample expected = world.story(Split::kCompositions, i);
    EXPECT_EQ(samples[i].key, expected.key);
    ASSERT_EQ(samples[i].frames.size(), expected.frames.size());
    for (size_t f = 0; f < expected.frames.size(); ++f) {
      EXPECT_EQ(samples[i].frames[f].text, expected.frames[f].text);
      EXPECT_EQ(samples[i].frames[f].image_bytes, expected.frames[f].image_bytes);
      EXPECT_EQ(samples[i].frames[f].picture.width, 32);
    }
    const Json json = Json::parse(samples[i].metadata);
    EXPECT_EQ(json.at("frames").size(), expected.frames.size());
    EXPECT_TRUE(json["frames"][0].contains("objects"));
    EXPECT_TRUE(json["frames"][1].at("change").contains("kind"));
  }
  EXPECT_TRUE(fs::exists(out / "stories-0002.tar"));
  EXPECT_FALSE(fs::exists(out / "stories-0003.tar"));
}

TEST_F(StoryShards, AreToldFromOtherShards) {
  auto options = story_world();
  options.scenes = options.held_apart = 1;
  write_emoji_dataset(options, folder_ / "world");
  EXPECT_FALSE(fs::exists(folder_ / "world/stories-0000.tar"));
  auto source = config("webdataset", (folder_ / "world/train-0000.tar").string());
  EXPECT_NE(complaint([&] { first_samples(source, 1, stories()); }).find("expected a story"),
            std::string::npos);
}

TEST_F(StoryShards, HaveAsManyPicturesAsTexts) {
  EmojiWorld world(story_world());
  Sample sample = world.story(Split::kTrain, 0);
  const auto complaint_of = [&](const std::string& name) {
    write_shard(folder_ / name, {sample});
    auto source = config("webdataset", (folder_ / name).string());
    source.max_corrupt = 0;
    return complaint([&] { first_samples(source, 1, stories()); });
  };
  EXPECT_EQ(complaint_of("whole.tar"), "");
  sample.frames.resize(2);
  sample.metadata = R"({"frames": [{}, {}, {"text": "and more"}]})";
  EXPECT_NE(complaint_of("picture.tar").find("frames[2]: expected a picture"), std::string::npos);
  sample.metadata.clear();
  EXPECT_EQ(complaint_of("shorter.tar"), "");
  sample.frames[1].text = " ";
  EXPECT_NE(complaint_of("text.tar").find("frames[1]: 'text'"), std::string::npos);
}

TEST_F(StoryShards, OrListsHoldThem) {
  const Sample story = EmojiWorld(story_world()).story(Split::kTrain, 0);
  write("p/1.png", story.frames[0].image_bytes);
  write("p/2.png", story.frames[1].image_bytes);
  auto source = config("stories", write("good.json", R"([
    {"images": ["1.png", "2.png"], "captions": [" first ", "then"]},
    {"images": ["1.png", "gone.png"], "captions": ["first", "then"]}])"));
  source.images = (folder_ / "p").string();
  source.max_corrupt = 10;
  const auto samples = first_samples(source, 2, stories());
  for (const Sample& sample : samples) {  // the second of the list is left out
    ASSERT_EQ(sample.frames.size(), 2u);
    EXPECT_EQ(sample.frames[0].text, "first");
    EXPECT_EQ(sample.frames[1].picture.width, 32);
  }
  source.max_corrupt = 0;
  EXPECT_NE(complaint([&] { first_samples(source, 1, stories()); }).find("gone.png"),
            std::string::npos);
  for (const auto& [entry, message] : std::map<std::string, std::string>{
           {R"({"images": ["1.png", "2.png"], "captions": ["a"]})", "found 1 and 2"},
           {R"({"images": ["1.png"], "captions": [" "]})", "captions[0]: expected a text"},
           {R"({"images": ["1.png"], "captions": [7]})", "captions[0]: expected a text"},
           {R"({"images": ["1.png"], "captions": "a"})", "'captions': expected a list"},
           {R"({"images": [], "captions": []})", "'images': expected a list"},
           {R"({"captions": ["a"]})", "'images': expected a list"}}) {
    auto bad = source;
    bad.path = write("bad.json", "[" + entry + "]");
    EXPECT_NE(complaint([&] { first_samples(bad, 1, stories()); }).find(message), std::string::npos)
        << entry << complaint([&] { first_samples(bad, 1, stories()); });
  }
}

}  // namespace
}  // namespace showo
