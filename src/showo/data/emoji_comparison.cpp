#include "showo/data/emoji_comparison.h"

#include <algorithm>
#include <array>
#include <set>

#include "showo/data/language.h"

namespace showo::emoji {
namespace {

const char* const kNames[] = {"first", "second"};

struct Pair {
  std::array<const Scene*, 2> scenes;
  const std::vector<Kind>& kinds;
  int canvas;
  Dice& dice;

  const Scene& scene(size_t i) const { return *scenes[i]; }
  size_t things(size_t i) const { return scene(i).objects.size(); }
  bool has(size_t i, size_t kind) const {
    return std::ranges::count(scene(i).objects, kind, &Object::kind) > 0;
  }
};

// "the first", "the second", "both" or "neither"
std::string which(bool first, bool second) {
  if (first && second) return "both";
  return !first && !second ? "neither" : first ? "the first" : "the second";
}

// Of kinds that are in one of the pictures, and now and then of one that is in none.
Turn ask_which(const Pair& p) {
  std::set<size_t> shown;
  for (const Scene* scene : p.scenes)
    for (const Object& object : scene->objects) shown.insert(object.kind);
  std::vector<size_t> apart;  // in one picture alone
  for (const size_t kind : shown)
    if (p.has(0, kind) != p.has(1, kind)) apart.push_back(kind);
  size_t kind = *std::next(shown.begin(), static_cast<ptrdiff_t>(p.dice.below(shown.size())));
  if (!apart.empty() && p.dice.chance(0.7)) kind = apart[p.dice.below(apart.size())];
  if (p.dice.chance(0.15)) kind = p.dice.below(p.kinds.size());
  return {"in which picture is there " + with_article(p.kinds[kind].name) + "?",
          which(p.has(0, kind), p.has(1, kind)), "which"};
}

// Something that one of the pictures alone is asked for.
Turn ask_of(const Pair& p, size_t i) {
  const std::string picture = std::string("the ") + kNames[i] + " picture";
  const Scene& scene = p.scene(i);
  switch (p.dice.below(3)) {
    case 0:
      return {"how many things are in " + picture + "?", number_word(p.things(i)), "count"};
    case 1:
      return {"what colour is the background of " + picture + "?",
              backgrounds()[scene.background].name, "colour"};
    default:
      break;
  }
  const Object& object = scene.objects[p.dice.below(p.things(i))];
  const std::string place =
      place_at(2 * object.x + object.size, 2 * object.y + object.size, p.canvas);
  return {"what is " + at_place(place) + " of " + picture + "?",
          with_article(p.kinds[object.kind].name), "what"};
}

}  // namespace

std::vector<Turn> comparisons(const Scene& first, const Scene& second,
                              const std::vector<Kind>& kinds, int canvas, Dice& dice) {
  const Pair p{{&first, &second}, kinds, canvas, dice};
  const size_t before = p.things(0), after = p.things(1);
  std::vector<Turn> turns = {
      {"what differs?", say(change_between(first, second, kinds, canvas)), "differs"},
      {"do both pictures have the same background?",
       first.background == second.background ? "yes" : "no", "same"},
      {"which picture has more things?", which(before > after, after > before), "more"}};
  for (size_t i = 0; i < 2; ++i) turns.push_back(ask_of(p, i));
  for (int more = 0; more < 2; ++more) {
    const Turn turn = ask_which(p);
    if (std::ranges::none_of(turns, [&](const Turn& t) { return t.question == turn.question; }))
      turns.push_back(turn);
  }
  dice.shuffle(turns);
  return turns;
}

}  // namespace showo::emoji
