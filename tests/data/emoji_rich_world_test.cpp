// The emoji world with five and six things, three styles, twelve colours and every relation: what
// it says is true, and things stand apart.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/data/emoji_truth.h"
#include "tests/data/small_world.h"

namespace showo {
namespace {

using namespace emoji;

EmojiOptions rich_world() {
  auto options = small_world();
  options.most = 6;
  options.styles = 3;
  options.backgrounds = 12;
  options.relations = true;
  return options;
}

TEST(RichWorld, EveryAnswerIsTrue) {
  EmojiWorld world(rich_world());
  std::map<std::string, int> checked;
  std::set<std::string> numbers, styles, colours;
  for (int i = 0; i < 1500; ++i) {
    const Sample sample = world.sample(Split::kTrain, i);
    const Json json = Json::parse(sample.metadata);
    for (const Turn& turn : sample.turns) {
      if (turn.question == "how many things are there?") numbers.insert(turn.answer);
      if (turn.type == "style") styles.insert(turn.answer);
      if (turn.type == "colour") colours.insert(turn.answer);
      if (turn.question == "what is in the picture?" || ambiguous(turn, json)) continue;
      ASSERT_EQ(turn.answer, answer(turn, json)) << turn.question << " " << json;
      if (json.at("objects").size() > 4) ++checked[turn.type];
    }
  }
  for (const char* type : {"what", "colour", "count", "position", "style", "exists"})
    EXPECT_GT(checked[type], 100) << type;
  EXPECT_EQ(numbers.size(), 6u);
  EXPECT_EQ(styles, (std::set<std::string>{"flat", "glossy", "plain"}));
  EXPECT_EQ(colours.size(), 12u);
}

TEST(RichWorld, ThingsStandApartOnTheGrid) {
  for (const auto& [grid, tiny] : {std::pair{8, 16}, {4, 16}, {1, 21}}) {
    auto options = rich_world();
    options.fewest = 5;
    options.grid = grid;
    options.tiny = tiny;
    const EmojiWorld world(options);
    for (int i = 0; i < 1000; ++i) {
      const Scene scene = world.scene(Split::kTrain, i);
      std::set<std::string> places;
      for (size_t a = 0; a < scene.objects.size(); ++a) {
        const Object& o = scene.objects[a];
        ASSERT_EQ(o.size, tiny);
        ASSERT_TRUE(o.x >= 0 && o.y >= 0 && o.x + o.size <= 64 && o.y + o.size <= 64) << i;
        ASSERT_TRUE(o.x % grid == 0 || o.y % grid == 0) << i;
        for (size_t b = 0; b < a; ++b) ASSERT_FALSE(o.overlaps(scene.objects[b])) << i;
        places.insert(scene.place(a, 64));
      }
      ASSERT_EQ(places.size(), scene.objects.size()) << "each place has a name of its own";
    }
  }
}

// "a car below a lion": what is said first is the lower one.
TEST(RichWorld, RelationsAreTrueBothWaysRound) {
  EmojiWorld world(rich_world());
  std::map<std::string, int> said;
  for (int i = 0; i < 2000; ++i) {
    const Sample sample = world.sample(Split::kTrain, i);
    const auto objects = objects_of(Json::parse(sample.metadata));
    for (const char* words : {" to the left of ", " to the right of ", " above ", " below "}) {
      const auto at = sample.caption.find(words);
      if (at == std::string::npos) continue;
      ++said[words];
      const bool begins = sample.caption.substr(0, at).ends_with(" " + objects[0].name);
      const Seen &first = objects[begins ? 0 : 1], &second = objects[begins ? 1 : 0];
      const std::string relation = words;
      EXPECT_TRUE(relation == " to the left of "    ? first.x < second.x
                  : relation == " to the right of " ? first.x > second.x
                  : relation == " above "           ? first.y < second.y
                                                    : first.y > second.y)
          << sample.caption;
    }
    if (sample.caption.find(" and ") != std::string::npos &&
        sample.caption.find(" at the ") != std::string::npos)
      ++said["places"];
  }
  EXPECT_EQ(said.size(), 5u);
  for (const auto& [words, times] : said) EXPECT_GT(times, 30) << words;
}

TEST(RichWorld, AnUnseenStyleOfThreeIsOneOfEach) {
  EmojiWorld world(rich_world());
  std::set<Style> styles;
  for (int i = 0; i < 300; ++i) {
    const Scene scene = world.scene(Split::kStyles, i);
    for (const Object& object : scene.objects)
      if (object.kind % 10 == 9) styles.insert(object.style);
  }
  EXPECT_EQ(styles, (std::set<Style>{Style::kGlossy}))
      << "twelve kinds have one that lacks a style";
}

}  // namespace
}  // namespace showo
