#include "showo/data/language.h"

#include "showo/core/random.h"

namespace showo {
namespace {

const char* const kNumbers[] = {"zero", "one", "two", "three", "four"};

std::string with_article(const std::string& words) {
  const bool vowel = std::string("aeiou").find(words[0]) != std::string::npos && !words.starts_with("uni");
  return (vowel ? "an " : "a ") + words;
}

std::string plural(const std::string& name) {
  if (name.ends_with("s") || name.ends_with("sh") || name.ends_with("ch") || name.ends_with("x")) return name + "es";
  if (name.ends_with("y") && !name.ends_with("ey") && !name.ends_with("oy")) return name.substr(0, name.size() - 1) + "ies";
  return name + "s";
}

struct Speaker {
  const Scene& scene;
  const std::vector<Kind>& kinds;
  int canvas;
  Dice& dice;

  const std::string& name(size_t i) const { return kinds[scene.objects[i].kind].name; }
  std::string style_word(size_t i, bool say) const { return say ? std::string(style_name(scene.objects[i].style)) + " " : ""; }
  std::string thing(size_t i, bool style) const { return with_article(style_word(i, style) + name(i)); }
  std::string background() const { return backgrounds()[scene.background].name; }
  bool one_style() const {
    for (const auto& object : scene.objects) {
      if (object.style != scene.objects[0].style) return false;
    }
    return true;
  }
  // "two apples" or "an apple, a dog and a key"
  std::string all(bool style) const {
    const size_t count = scene.objects.size();
    if (count > 1 && scene.one_kind()) return std::string(kNumbers[count]) + " " + style_word(0, style) + plural(name(0));
    std::string text = thing(0, style);
    for (size_t i = 1; i < count; ++i) text += (i + 1 == count ? " and " : ", ") + thing(i, style);
    return text;
  }
  std::string where(size_t i) const {
    const std::string place = scene.place(i, canvas);
    if (place == "middle") return "in the middle";
    return (place == "left" || place == "right" ? "on the " : "at the ") + place;
  }
};

Turn what(const Speaker& s, bool whole) {
  if (whole || s.scene.objects.size() == 1) return {"what is in the picture?", s.all(false), "what"};
  const size_t i = s.dice.below(s.scene.objects.size());
  return {"what is " + s.where(i) + "?", s.thing(i, false), "what"};
}

Turn exists(const Speaker& s) {
  const bool yes = s.dice.chance(0.5);
  size_t kind = s.scene.objects[s.dice.below(s.scene.objects.size())].kind;
  auto present = [&] {
    for (const auto& object : s.scene.objects) {
      if (object.kind == kind) return true;
    }
    return false;
  };
  while (!yes && present()) kind = s.dice.below(s.kinds.size());
  return {"is there " + with_article(s.kinds[kind].name) + "?", yes ? "yes" : "no", "exists"};
}

Turn count(const Speaker& s) {
  const size_t total = s.scene.objects.size();
  if (s.dice.chance(0.5)) return {"how many things are there?", kNumbers[total], "count"};
  const size_t kind = s.scene.objects[s.dice.below(total)].kind;
  size_t same = 0;
  for (const auto& object : s.scene.objects) same += object.kind == kind;
  return {"how many " + plural(s.kinds[kind].name) + " are there?", kNumbers[same], "count"};
}

}  // namespace

uint64_t Dice::next() {
  state_ = derive_seed(state_, 0);
  return state_;
}

std::string caption(const Scene& scene, const std::vector<Kind>& kinds, int canvas, Dice& dice) {
  const Speaker s{scene, kinds, canvas, dice};
  const bool style = dice.chance(0.5);
  const std::string on = " on a " + s.background() + " background";
  const std::string on_article = s.background() == "orange" ? " on an orange background" : on;
  const bool relation = scene.objects.size() == 2 && !scene.one_kind() && dice.chance(0.6);
  if (relation) {
    const char* between = scene.layout == Scene::Layout::kSideBySide ? " to the left of " : " above ";
    return s.thing(0, style) + between + s.thing(1, style) + on_article;
  }
  if (scene.objects.size() == 1 && dice.chance(0.4)) return s.thing(0, style) + " " + s.where(0) + on_article;
  return s.all(style) + on_article;
}

std::vector<Turn> questions(const Scene& scene, const std::vector<Kind>& kinds, int canvas, Dice& dice) {
  const Speaker s{scene, kinds, canvas, dice};
  std::vector<Turn> turns = {what(s, true), exists(s), count(s), {"what colour is the background?", s.background(), "colour"}};
  if (scene.objects.size() > 1) turns.push_back(what(s, false));
  if (!scene.one_kind() || scene.objects.size() == 1) {
    const size_t i = dice.below(scene.objects.size());
    size_t same = 0;
    for (const auto& object : scene.objects) same += object.kind == scene.objects[i].kind;
    if (same == 1) turns.push_back({"where is the " + s.name(i) + "?", s.where(i), "position"});
  }
  if (s.one_style() && scene.objects.size() == 1) {
    turns.push_back({"is the " + s.name(0) + " flat or glossy?", style_name(scene.objects[0].style), "style"});
  }
  dice.shuffle(turns);
  return turns;
}

}  // namespace showo
