// Conversations about scenes: what "it" is follows from the turns before, and every answer is true
// of the thing that it is.
#include "showo/data/emoji_conversation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "showo/data/emoji_world.h"
#include "tests/data/small_world.h"

namespace showo {
namespace {

using namespace emoji;

EmojiWorld world(uint64_t seed) {
  auto options = small_world(seed);
  options.conversations = true;
  return EmojiWorld(options);
}

std::string without(const std::string& text, const std::string& before, const std::string& behind) {
  return text.substr(before.size(), text.size() - before.size() - behind.size());
}

std::string bare(const std::string& thing) { return thing.substr(thing.find(' ') + 1); }

// A listener who knows the scene, keeps in mind what is spoken of, and says whether an answer is
// true.
struct Listener {
  const Scene& scene;
  const std::vector<Kind>& kinds;
  std::string it;    // the name of what was spoken of last
  std::string told;  // its place, where that was told: of two of a kind it says which

  std::vector<size_t> named(const std::string& name) const {
    std::vector<size_t> found;
    for (size_t i = 0; i < scene.objects.size(); ++i) {
      const bool here = told.empty() || at_place(scene.place(i, 64)) == told;
      if (kinds[scene.objects[i].kind].name == name && (name != it || here)) found.push_back(i);
    }
    return found;
  }
  bool stands(const std::string& thing, const std::string& place) const {
    return std::ranges::any_of(named(bare(thing)),
                               [&](size_t i) { return at_place(scene.place(i, 64)) == place; });
  }
  bool is_true(const Turn& turn) {
    const std::string &q = turn.question, &a = turn.answer;
    const auto place_in = [&](const std::string& words) {
      return words.starts_with("at the ") || words.starts_with("on the ") ||
             words == "in the middle";
    };
    if (q == "where is it?") {
      EXPECT_FALSE(it.empty());
      const auto which = named(it);
      return which.size() == 1 && at_place(scene.place(which[0], 64)) == a;
    }
    if (q.starts_with("is it flat") || q == "and its style?")
      return !it.empty() && a == style_name(scene.objects[0].style);
    if (q.starts_with("where is the ")) {
      it = without(q, "where is the ", "?");
      told = "";
      return stands("a " + it, a);
    }
    for (const std::string begin : {"what is ", "and "}) {
      if (!q.starts_with(begin) || !place_in(without(q, begin, "?"))) continue;
      it = "";
      const bool found = stands(a, without(q, begin, "?"));
      it = bare(a);
      told = without(q, begin, "?");
      return found;
    }
    for (const std::string begin : {"is there ", "and "}) {
      if (!q.starts_with(begin) || (a != "yes" && a != "no")) continue;
      const std::string name = bare(without(q, begin, "?")), before = std::exchange(it, "");
      const auto found = named(name);
      it = a == "no" ? before : found.size() == 1 ? name : "";
      if (a == "yes") told = "";
      return (a == "yes") == !found.empty();
    }
    if (q == "what is next to it?" || q == "what is below it?" || q == "what is above it?") {
      if (scene.objects.size() != 2 || it.empty()) return false;
      const size_t me = named(it)[0], other = 1 - me;
      const Object &mine = scene.objects[me], &its = scene.objects[other];
      const bool right = q == "what is below it?"   ? its.y > mine.y
                         : q == "what is above it?" ? its.y < mine.y
                                                    : its.x != mine.x;
      it = bare(a);
      told = at_place(scene.place(other, 64));
      return right && a == with_article(kinds[its.kind].name);
    }
    if (q == "what else is there?") {
      const size_t others = scene.objects.size() - 1;
      if (others == 0) return a == "nothing";
      if (others > 1) {
        it = told = "";
        return a.find(' ') != std::string::npos;
      }
      const size_t other = 1 - named(it)[0];
      it = bare(a);
      told = at_place(scene.place(other, 64));
      return a == with_article(kinds[scene.objects[other].kind].name);
    }
    if ((q == "what is it?" || q == "what is in the picture?") && scene.objects.size() == 1) {
      it = bare(a);
      told = "";
      return !named(it).empty();
    }
    return true;  // of no thing in particular; the world's own tests have those
  }
};

TEST(Conversations, AreTrueInTheirTurns) {
  const EmojiWorld w = world(1);
  std::map<std::string, int> asked;
  for (int64_t index = 0; index < 1500; ++index) {
    const Scene scene = w.scene(Split::kTrain, index);
    Dice dice(index);
    Listener listener{scene, w.kinds(), {}, {}};
    for (const Turn& turn : conversations(scene, w.wording(), dice)) {
      if (!turn.follows) listener.it = listener.told = "";
      EXPECT_TRUE(listener.is_true(turn)) << index << ": " << turn.question << " " << turn.answer;
      ++asked[turn.type == "reference" ? turn.question.substr(0, 8) : turn.type];
    }
  }
  for (const char* kind :
       {"is it fl", "and its ", "where is", "what is ", "what els", "and a", "what are"})
    EXPECT_GT(std::ranges::count_if(asked,
                                    [&](const auto& item) { return item.first.starts_with(kind); }),
              0)
        << kind;
}

TEST(Conversations, AreTwoOfThreeToFiveTurnsFromTheSeedAlone) {
  EmojiWorld w = world(2);
  for (int64_t index = 0; index < 200; ++index) {
    const Sample sample = w.sample(Split::kTrain, index), again = w.sample(Split::kTrain, index);
    std::vector<int> lengths;
    for (size_t i = 0; i < sample.turns.size(); ++i) {
      EXPECT_EQ(sample.turns[i].question, again.turns[i].question);
      if (!sample.turns[i].follows) lengths.push_back(0);
      ++lengths.back();
      EXPECT_TRUE(sample.turns[i].follows || sample.turns[i].type != "reference");
    }
    ASSERT_EQ(lengths.size(), 2u);
    for (const int length : lengths) EXPECT_TRUE(length >= 2 && length <= 5) << length;
  }
}

}  // namespace
}  // namespace showo
