#include "showo/data/emoji_conversation.h"

#include <algorithm>
#include <optional>
#include <set>

#include "showo/data/language.h"

namespace showo::emoji {
namespace {

// One conversation as it goes on: what was spoken of last, and what was asked.
class Talk {
 public:
  Talk(const Scene& scene, const Wording& wording, Dice& dice)
      : scene_(scene), wording_(wording), kinds_(wording.kinds), dice_(dice) {}

  std::vector<Turn> turns(size_t count) {
    open();
    for (int tries = 0; turns_.size() < count && tries < 40; ++tries) go_on();
    return turns_;
  }

 private:
  const std::string& name(size_t i) const { return kinds_[scene_.objects[i].kind].name; }
  std::string thing(size_t i) const { return with_article(name(i)); }
  std::string where(size_t i) const { return at_place(scene_.place(i, wording_.canvas)); }
  std::string style() const { return style_name(scene_.objects[0].style); }  // of all things
  size_t things() const { return scene_.objects.size(); }
  size_t any() { return dice_.below(things()); }
  bool alone_of_its_kind(size_t i) const {
    return std::ranges::count(scene_.objects, scene_.objects[i].kind, &Object::kind) == 1;
  }
  // "a dog", "two apples", "a dog, a dog and a key"
  std::string all_but(std::optional<size_t> left_out) const {
    std::vector<size_t> rest;
    for (size_t i = 0; i < things(); ++i)
      if (i != left_out) rest.push_back(i);
    const bool same = std::ranges::all_of(
        rest, [&](size_t i) { return scene_.objects[i].kind == scene_.objects[rest[0]].kind; });
    if (rest.size() > 1 && same)
      return number_word(rest.size()) + " " + kinds_[scene_.objects[rest[0]].kind].plural;
    std::string text;
    for (size_t n = 0; n < rest.size(); ++n)
      text += (n == 0 ? "" : n + 1 == rest.size() ? " and " : ", ") + thing(rest[n]);
    return text;
  }

  bool say(const std::string& question, const std::string& answer, const char* type) {
    if (!asked_.insert(question).second) return false;
    turns_.push_back({question, answer, type, /*follows=*/!turns_.empty()});
    return true;
  }
  void open() {
    const size_t i = any();
    last_ = Last::kOther;
    switch (dice_.below(5)) {
      case 0:
        say("what is " + where(i) + "?", thing(i), "what");
        about_ = i;
        last_ = Last::kPlace;
        return;
      case 1:
        return ask_exists(i, "is there " + thing(i) + "?", "exists");
      case 2:
        if (!alone_of_its_kind(i)) break;
        say("where is the " + name(i) + "?", where(i), "position");
        about_ = i;
        return;
      case 3:
        say("how many things are there?", number_word(things()), "count");
        last_ = Last::kNumber;
        return;
      default:
        break;
    }
    say("what is in the picture?", all_but({}), "what");
    if (things() == 1) about_ = 0;
  }
  void ask_exists(size_t i, const std::string& question, const char* type) {
    say(question, "yes", type);
    about_ = alone_of_its_kind(i) ? std::optional(i) : std::nullopt;
    last_ = Last::kExists;
  }

  // One turn more, if the one that the dice propose makes sense here.
  void go_on() {
    const Last last = last_;
    last_ = Last::kOther;
    const bool said = dice_.chance(0.15)      ? ask_background()
                      : last == Last::kPlace  ? ask_other_place()
                      : last == Last::kExists ? ask_another_kind()
                      : last == Last::kNumber ? ask_what_they_are()
                                              : false;
    if (said || (about_ && ask_about_it())) return;
    if (!said && last_ == Last::kOther) last_ = last;
    if (!about_) ask_of_one();
  }
  bool ask_background() {
    return say("what colour is the background?", backgrounds()[scene_.background].name, "colour");
  }
  bool ask_other_place() {
    if (things() < 2 || dice_.chance(0.4)) return false;
    const size_t i = any();
    if (i == about_ || !say("and " + where(i) + "?", thing(i), "reference")) return false;
    about_ = i;
    last_ = Last::kPlace;
    return true;
  }
  bool ask_another_kind() {
    if (dice_.chance(0.4)) return false;
    if (dice_.chance(0.5)) {
      const size_t i = any();
      if (i == about_ || asked_.contains("is there " + thing(i) + "?")) return false;
      ask_exists(i, "and " + thing(i) + "?", "reference");
      return true;
    }
    const size_t kind = dice_.below(kinds_.size());
    if (std::ranges::count(scene_.objects, kind, &Object::kind) > 0) return false;
    // Of what is not there nothing is asked: what was spoken of before still is.
    return say("and " + with_article(kinds_[kind].name) + "?", "no", "reference");
  }
  bool ask_what_they_are() {
    if (things() == 1) about_ = 0;
    return say(things() == 1 ? "what is it?" : "what are they?", all_but({}), "reference");
  }
  bool ask_about_it() {
    const size_t i = *about_;
    switch (dice_.below(5)) {
      case 0:
        return say("is it " + styles_to_choose(wording_.styles) + "?", style(), "reference");
      case 1:
        return say("and its style?", style(), "reference");
      case 2:
        return say("where is it?", where(i), "reference");
      case 3:
        if (things() != 2) return false;
        if (!say(neighbour(i), thing(1 - i), "reference")) return false;
        about_ = 1 - i;
        return true;
      default:
        if (things() == 1) return say("what else is there?", "nothing", "reference");
        if (!say("what else is there?", all_but(i), "reference")) return false;
        about_ = things() == 2 ? std::optional(1 - i) : std::nullopt;
        return true;
    }
  }
  // Of two things the other one, from this one.
  std::string neighbour(size_t i) const {
    if (scene_.layout == Scene::Layout::kSideBySide) return "what is next to it?";
    return i == 0 ? "what is below it?" : "what is above it?";
  }
  bool ask_of_one() {
    const size_t i = any();
    if (!alone_of_its_kind(i) || !say("where is the " + name(i) + "?", where(i), "position"))
      return false;
    about_ = i;
    return true;
  }

  enum class Last { kPlace, kExists, kNumber, kOther };
  const Scene& scene_;
  const Wording& wording_;
  const std::vector<Kind>& kinds_;
  Dice& dice_;
  std::vector<Turn> turns_;
  std::set<std::string> asked_;
  std::optional<size_t> about_;  // the thing that "it" is
  Last last_ = Last::kOther;
};

}  // namespace

std::vector<Turn> conversations(const Scene& scene, const Wording& wording, Dice& dice) {
  std::vector<Turn> turns;
  for (int talk = 0; talk < 2; ++talk) {
    const auto more = Talk(scene, wording, dice).turns(3 + dice.below(3));
    turns.insert(turns.end(), more.begin(), more.end());
  }
  return turns;
}

}  // namespace showo::emoji
