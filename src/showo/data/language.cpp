#include "showo/data/language.h"

namespace showo::emoji {

std::string number_word(size_t number) {
  const char* const words[] = {"zero", "one", "two", "three", "four", "five", "six"};
  return words[number];
}

std::string with_article(const std::string& words) {
  const bool vowel =
      std::string("aeiou").find(words[0]) != std::string::npos && !words.starts_with("uni");
  return (vowel ? "an " : "a ") + words;
}

std::string styles_to_choose(int styles) {
  return styles == kStyles ? "flat, glossy or plain" : "flat or glossy";
}

std::string at_place(const std::string& place) {
  if (place == "middle") return "in the middle";
  return (place == "left" || place == "right" ? "on the " : "at the ") + place;
}

namespace {

struct Speaker {
  const Scene& scene;
  const Wording& wording;
  Dice& dice;

  const Kind& kind(size_t i) const { return wording.kinds[scene.objects[i].kind]; }
  const std::string& name(size_t i) const { return kind(i).name; }
  // What is said of a thing's look before its name: "small " of one that is alone, and its style.
  std::string look(size_t i, bool style) const {
    const bool small = scene.objects.size() == 1 && scene.objects[i].small;
    return std::string(small ? "small " : "") +
           (style ? std::string(style_name(scene.objects[i].style)) + " " : "");
  }
  enum class Say { kName, kLook, kLookAndStyle };
  std::string words(size_t i, Say say) const {
    return say == Say::kName ? "" : look(i, say == Say::kLookAndStyle);
  }
  std::string thing(size_t i, Say say) const { return with_article(words(i, say) + name(i)); }
  std::string background() const { return backgrounds()[scene.background].name; }
  size_t how_many(size_t kind) const {
    size_t same = 0;
    for (const auto& object : scene.objects) same += object.kind == kind;
    return same;
  }
  // "two apples" or "an apple, a dog and a key"
  std::string all(Say say) const {
    const size_t count = scene.objects.size();
    if (count > 1 && scene.one_kind())
      return number_word(count) + " " + words(0, say) + kind(0).plural;
    std::string text = thing(0, say);
    for (size_t i = 1; i < count; ++i) text += (i + 1 == count ? " and " : ", ") + thing(i, say);
    return text;
  }
  std::string where(size_t i) const { return at_place(scene.place(i, wording.canvas)); }
  std::string on_background() const {
    const char* on = background() == "orange" ? " on an " : " on a ";
    return on + background() + " background";
  }
};

Turn exists(const Speaker& s, bool yes) {
  const auto& kinds = s.wording.kinds;
  size_t kind = s.scene.objects[s.dice.below(s.scene.objects.size())].kind;
  while (!yes && s.how_many(kind) > 0) kind = s.dice.below(kinds.size());
  return {"is there " + with_article(kinds[kind].name) + "?", yes ? "yes" : "no", "exists"};
}

Turn count_of(const Speaker& s, size_t kind) {
  return {"how many " + s.wording.kinds[kind].plural + " are there?", number_word(s.how_many(kind)),
          "count"};
}

}  // namespace

std::string caption(const Scene& scene, const Wording& wording, Dice& dice) {
  const Speaker s{scene, wording, dice};
  const size_t things = scene.objects.size();
  // Of five or six things the style is not said: captions would be long.
  const bool style = dice.chance(0.7) && things <= 4;
  const auto say = style ? Speaker::Say::kLookAndStyle : Speaker::Say::kLook;
  const bool relation = things == 2 && !scene.one_kind() && dice.chance(0.6);
  if (relation) {
    const bool beside = scene.layout == Scene::Layout::kSideBySide,
               turned = wording.relations && dice.chance(0.5);
    const char* between = beside ? (turned ? " to the right of " : " to the left of ")
                                 : (turned ? " below " : " above ");
    return s.thing(turned ? 1 : 0, say) + between + s.thing(turned ? 0 : 1, say) +
           s.on_background();
  }
  if (wording.relations && things > 1 && things <= 3 && dice.chance(0.3))
    return placed_caption(scene, wording, dice);
  // Of a thing in the middle nobody says where it is.
  if (things == 1 && scene.place(0, wording.canvas) != "middle")
    return s.thing(0, say) + " " + s.where(0) + s.on_background();
  return s.all(say) + s.on_background();
}

std::string placed_caption(const Scene& scene, const Wording& wording, Dice& dice) {
  Scene alone = scene;
  alone.layout = Scene::Layout::kOne;  // whose places are those of the whole picture
  const Speaker s{alone, wording, dice};
  const auto say = dice.chance(0.7) ? Speaker::Say::kLookAndStyle : Speaker::Say::kLook;
  const size_t things = scene.objects.size();
  std::string text;
  for (size_t i = 0; i < things; ++i) {
    text += (i == 0 ? "" : i + 1 == things ? " and " : ", ") + s.thing(i, say) + " " + s.where(i);
  }
  return text + s.on_background();
}

std::vector<Turn> questions(const Scene& scene, const Wording& wording, Dice& dice) {
  const Speaker s{scene, wording, dice};
  const size_t things = scene.objects.size();
  std::vector<Turn> turns = {{"what is in the picture?", s.all(Speaker::Say::kName), "what"},
                             exists(s, true),
                             exists(s, false),
                             {"how many things are there?", number_word(things), "count"},
                             count_of(s, scene.objects[dice.below(things)].kind),
                             {"what colour is the background?", s.background(), "colour"}};
  for (size_t i = 0; i < things; ++i)
    turns.push_back({"what is " + s.where(i) + "?", s.thing(i, Speaker::Say::kName), "what"});
  std::vector<size_t> single;  // the only one of its kind
  for (size_t i = 0; i < things; ++i) {
    if (s.how_many(scene.objects[i].kind) == 1) single.push_back(i);
  }
  dice.shuffle(single);
  for (size_t i = 0; i < std::min<size_t>(single.size(), 2); ++i)
    turns.push_back({"where is the " + s.name(single[i]) + "?", s.where(single[i]), "position"});
  if (!single.empty()) {
    turns.push_back({"is the " + s.name(single[0]) + " " + styles_to_choose(wording.styles) + "?",
                     style_name(scene.objects[single[0]].style), "style"});
  }
  dice.shuffle(turns);
  return turns;
}

}  // namespace showo::emoji
