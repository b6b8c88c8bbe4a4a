// Questions about two pictures: every answer is true of both scenes, and shards keep both pictures.
#include "showo/data/emoji_comparison.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "showo/data/emoji_dataset.h"
#include "showo/data/emoji_story.h"
#include "showo/data/language.h"
#include "showo/data/shards.h"
#include "tests/data/small_world.h"
#include "tests/data/support.h"

namespace showo {
namespace {

using namespace emoji;

EmojiOptions comparison_world() {
  auto options = small_world();
  options.comparisons = true;
  return options;
}

std::string which(const std::vector<bool>& is) {
  return is[0] && is[1] ? "both" : is[0] ? "the first" : is[1] ? "the second" : "neither";
}

struct Reader {
  std::vector<Scene> scenes;
  const std::vector<Kind>& kinds;

  std::string name(const Object& object) const { return kinds[object.kind].name; }
  bool holds(const Scene& scene, const std::string& thing) const {
    return std::ranges::any_of(
        scene.objects, [&](const Object& object) { return with_article(name(object)) == thing; });
  }
  // The answers that are right.
  std::set<std::string> answers(const std::string& question) const {
    const auto begins = [&](const std::string& text) { return question.starts_with(text); };
    const auto between = [&](const std::string& before, const std::string& behind) {
      return question.substr(before.size(), question.size() - before.size() - behind.size());
    };
    if (question == "what differs?") return {say(change_between(scenes[0], scenes[1], kinds, 64))};
    if (begins("do both pictures"))
      return {scenes[0].background == scenes[1].background ? "yes" : "no"};
    const size_t counts[] = {scenes[0].objects.size(), scenes[1].objects.size()};
    if (begins("which picture has more"))
      return {which({counts[0] > counts[1], counts[1] > counts[0]})};
    if (begins("in which picture is there ")) {
      const std::string thing = between("in which picture is there ", "?");
      return {which({holds(scenes[0], thing), holds(scenes[1], thing)})};
    }
    const bool second = question.find("the second picture?") != std::string::npos;
    EXPECT_NE(second, question.find("the first picture?") != std::string::npos) << question;
    const Scene& scene = scenes[second];
    if (begins("how many"))
      return {
          std::vector<std::string>{"zero", "one", "two", "three", "four"}[scene.objects.size()]};
    if (begins("what colour")) return {backgrounds()[scene.background].name};
    std::set<std::string> there;
    const std::string place =
        between("what is ", std::string(" of the ") + (second ? "second" : "first") + " picture?");
    for (const Object& object : scene.objects)
      if (at_place(place_at(2 * object.x + object.size, 2 * object.y + object.size, 64)) == place)
        there.insert(with_article(name(object)));
    return there;
  }
};

TEST(Comparisons, AreTrueOfBothPictures) {
  const EmojiWorld world(comparison_world());
  std::map<std::string, std::set<std::string>> answers;
  for (int i = 0; i < 300; ++i) {
    const auto scenes = compose_story(world, Split::kTrain, i).scenes;
    const Reader reader{{scenes[0], scenes[1]}, world.kinds()};
    Dice dice(i);
    const auto turns = comparisons(scenes[0], scenes[1], world.kinds(), 64, dice);
    EXPECT_GE(turns.size(), 5u);
    EXPECT_LE(turns.size(), 7u);
    EXPECT_EQ(std::ranges::count(turns, std::string("what differs?"), &Turn::question), 1);
    for (const Turn& turn : turns) {
      EXPECT_TRUE(reader.answers(turn.question).contains(turn.answer))
          << turn.question << " " << turn.answer;
      answers[turn.type].insert(turn.answer);
    }
  }
  EXPECT_EQ(answers["which"],
            (std::set<std::string>{"both", "the first", "the second", "neither"}));
  EXPECT_EQ(answers["more"], (std::set<std::string>{"the first", "the second", "neither"}));
  EXPECT_EQ(answers["same"], (std::set<std::string>{"yes", "no"}));
  EXPECT_EQ(answers.size(), 7u);
}

class ComparisonShards : public Scratch {};

TEST_F(ComparisonShards, KeepBothPictures) {
  auto options = comparison_world();
  options.scenes = 5;
  options.held_apart = 3;
  options.scenes_per_shard = 2;
  const fs::path out = folder_ / "world";
  write_emoji_dataset(options, out);
  EXPECT_TRUE(fs::exists(out / "train-0002.tar"));
  EXPECT_FALSE(fs::exists(out / "pairs.tar"));
  EmojiWorld world(options);
  StreamOptions decoding;
  decoding.decode = true;
  decoding.side = 32;
  const auto samples =
      first_samples(config("webdataset", (out / "compositions.tar").string()), 3, decoding);
  ShardReader reader(out / "compositions.tar");
  for (int i = 0; i < 3; ++i) {
    const Sample expected = world.comparison(Split::kCompositions, i), read = *reader.next();
    for (const Sample& sample : {samples[i], read}) {
      EXPECT_EQ(sample.key, expected.key);
      EXPECT_EQ(sample.image_bytes, expected.image_bytes);
      ASSERT_EQ(sample.others.size(), 1u);
      EXPECT_EQ(sample.others[0].image_bytes, expected.others[0].image_bytes);
      ASSERT_EQ(sample.turns.size(), expected.turns.size());
      EXPECT_EQ(sample.turns[0].question, expected.turns[0].question);
    }
    EXPECT_EQ(samples[i].others[0].picture.width, 32);
  }
}

TEST_F(ComparisonShards, SayHowManyPicturesThereAre) {
  EmojiWorld world(comparison_world());
  Sample sample = world.comparison(Split::kTrain, 0);
  const auto complaint_of = [&](const std::string& name) {
    write_shard(folder_ / name, {sample});
    auto source = config("webdataset", (folder_ / name).string());
    source.max_corrupt = 0;
    return complaint([&] { first_samples(source, 1); });
  };
  EXPECT_EQ(complaint_of("whole.tar"), "");
  sample.others.clear();
  for (const auto& [count, message] : std::map<std::string, std::string>{
           {"2", "'pictures': 2, expected as many, found no KEY.0.png"},
           {"1", "expected a number from 2 to 1000, found 1"},
           {"\"two\"", "expected a number from 2 to 1000, found \"two\""},
           {"1e99", "expected a number from 2 to 1000"},
           {"-3", "expected a number from 2 to 1000, found -3"}}) {
    sample.metadata = "{\"pictures\": " + count + "}";
    EXPECT_NE(complaint_of("wrong.tar").find(message), std::string::npos)
        << complaint_of("wrong.tar");
  }
}

TEST_F(ComparisonShards, AreNoConversations) {
  auto options = comparison_world();
  options.conversations = true;
  EXPECT_NE(complaint([&] { EmojiWorld world(options); }).find("expected one of both"),
            std::string::npos);
}

}  // namespace
}  // namespace showo
