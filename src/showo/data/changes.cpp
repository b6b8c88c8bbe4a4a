#include "showo/data/changes.h"

#include <algorithm>
#include <array>

#include "showo/core/error.h"
#include "showo/data/language.h"

namespace showo::emoji {
namespace {

using Kinds = std::vector<Kind>;

constexpr const char* kPlaces[] = {"top left", "top",         "top right", "left",        "middle",
                                   "right",    "bottom left", "bottom",    "bottom right"};

// {new}: "a dog", or "one more dog"; {thing}: "lion", or "lion at the top left"; {a}: "a cat";
// {at}: "at the top left"; {to}: "to the top left".
const std::array<std::vector<std::string>, 5> kWays = {{
    {"{new} appears {at}", "there is now {new} {at}", "put {new} {at}"},
    {"the {thing} leaves", "the {thing} goes away", "remove the {thing}"},
    {"the {thing} moves {to}", "the {thing} goes {to}", "move the {thing} {to}"},
    {"the {thing} becomes {a}", "the {thing} turns into {a}", "turn the {thing} into {a}"},
    {"the background turns {colour}", "the background becomes {colour}",
     "make the background {colour}"},
}};

// `more`: what is said of what is not the first of its kind.
std::string filled(const Change& change, const std::string& slot, const char* more) {
  const std::string name = change.thing;
  if (slot == "new" && change.another) return more + name;
  if (slot == "new") return with_article(name);
  if (slot == "thing") return change.place.empty() ? name : name + " " + at_place(change.place);
  if (slot == "at") return at_place(change.place);
  if (slot == "to") return "to the " + change.to;
  return slot == "a" ? with_article(change.to) : change.to;
}

bool is_kind(const std::string& name, const Kinds& kinds) {
  return std::ranges::any_of(kinds, [&](const Kind& kind) { return kind.name == name; });
}

bool take(std::string& text, const std::string& beginning) {
  if (!text.starts_with(beginning)) return false;
  text.erase(0, beginning.size());
  return true;
}

bool read_new(std::string text, const Kinds& kinds, Change& change) {
  change.another = take(text, "one more ") || take(text, "another ");
  if (!change.another && !take(text, "an ")) take(text, "a ");
  change.thing = text;
  return is_kind(text, kinds);
}

bool read_thing(std::string text, const Kinds& kinds, Change& change) {
  for (const std::string place : kPlaces) {
    if (!text.ends_with(" " + at_place(place))) continue;
    text.resize(text.size() - at_place(place).size() - 1);
    change.place = place;
    break;
  }
  change.thing = text;
  return is_kind(text, kinds);
}

// Whether what stands in a slot can stand there; it is put into the change then.
bool read_slot(const std::string& slot, const std::string& text, const Kinds& kinds,
               Change& change) {
  const auto one_of = [](const auto& list, std::string& found, const auto& said) {
    return std::ranges::any_of(list, [&](const auto& item) { return found = item, said(found); });
  };
  if (slot == "new") return read_new(text, kinds, change);
  if (slot == "thing") return read_thing(text, kinds, change);
  if (slot == "at")
    return one_of(kPlaces, change.place,
                  [&](const auto& place) { return text == at_place(place); });
  if (slot == "to")
    return one_of(kPlaces, change.to, [&](const auto& place) { return text == "to the " + place; });
  std::vector<std::string> names;
  if (slot == "a") {
    for (const Kind& kind : kinds) names.push_back(kind.name);
    return one_of(names, change.to, [&](const auto& name) { return text == with_article(name); });
  }
  for (const Background& background : backgrounds()) names.emplace_back(background.name);
  return one_of(names, change.to, [&](const auto& name) { return text == name; });
}

// A way as words and slots by turns: words, slot, words, slot, words.
std::vector<std::string> parts_of(const std::string& way) {
  std::vector<std::string> parts(1);
  for (const char c : way) {
    if (c == '{' || c == '}') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// Whether `text` is what parts from `part` on, a slot, may stand for.
bool reads(const std::vector<std::string>& parts, size_t part, const std::string& text,
           const Kinds& kinds, Change& change) {
  if (part == parts.size()) return text.empty();
  const std::string& words = parts[part + 1];
  if (words.empty()) return read_slot(parts[part], text, kinds, change);
  for (size_t end = text.find(words); end != std::string::npos; end = text.find(words, end + 1)) {
    Change found = change;
    if (read_slot(parts[part], text.substr(0, end), kinds, found) &&
        reads(parts, part + 2, text.substr(end + words.size()), kinds, found)) {
      change = found;
      return true;
    }
  }
  return false;
}

// What of `objects` is not among `others`.
std::vector<Object> without(const std::vector<Object>& objects, const std::vector<Object>& others) {
  std::vector<Object> rest;
  for (const Object& object : objects)
    if (!std::ranges::count(others, object)) rest.push_back(object);
  return rest;
}

}  // namespace

Json describe(const Change& change) {
  constexpr const char* kNames[] = {"appear", "leave", "move", "replace", "background"};
  return {{"kind", kNames[static_cast<int>(change.kind)]},
          {"thing", change.thing},
          {"place", change.place},
          {"to", change.to},
          {"another", change.another}};
}

Change change_between(const Scene& before, const Scene& after, const Kinds& kinds, int canvas) {
  const auto name = [&](const Object& object) { return kinds[object.kind].name; };
  const auto place = [&](const Object& object) {
    return place_at(2 * object.x + object.size, 2 * object.y + object.size, canvas);
  };
  if (before.background != after.background)
    return {Change::Kind::kBackground, "", "", backgrounds()[after.background].name};
  const auto gone = without(before.objects, after.objects),
             come = without(after.objects, before.objects);
  if (gone.size() + come.size() == 0 || gone.size() > 1 || come.size() > 1)
    fail("two scenes of a story: expected one change");
  const Object& of = gone.empty() ? come[0] : gone[0];
  const auto same = std::ranges::count(before.objects, of.kind, &Object::kind);
  if (gone.empty()) return {Change::Kind::kAppear, name(of), place(of), "", same > 0};
  const std::string which = same > 1 ? place(of) : "";
  if (come.empty()) return {Change::Kind::kLeave, name(of), which, ""};
  if (come[0].kind == of.kind) return {Change::Kind::kMove, name(of), which, place(come[0])};
  return {Change::Kind::kReplace, name(of), which, name(come[0])};
}

namespace {

std::string said(const Change& change, const std::string& way, const char* more) {
  const auto parts = parts_of(way);
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i)
    text += i % 2 == 0 ? parts[i] : filled(change, parts[i], more);
  return text;
}

}  // namespace

std::string say(const Change& change, Dice& dice) {
  const auto& ways = kWays[static_cast<size_t>(change.kind)];
  const std::string& way = ways[dice.below(ways.size())];
  const bool appears = change.kind == Change::Kind::kAppear && change.another;
  return said(change, way, appears && dice.chance(0.5) ? "one more " : "another ");
}

std::string say(const Change& change) {
  return said(change, kWays[static_cast<size_t>(change.kind)][0], "one more ");
}

std::optional<Change> read_change(const std::string& text, const Kinds& kinds) {
  for (size_t kind = 0; kind < kWays.size(); ++kind) {
    for (const std::string& way : kWays[kind]) {
      Change change{static_cast<Change::Kind>(kind), "", "", ""};
      const auto parts = parts_of(way);
      std::string rest = text;
      if (take(rest, parts[0]) && reads(parts, 1, rest, kinds, change)) return change;
    }
  }
  return std::nullopt;
}

}  // namespace showo::emoji
