// What the answers to questions about a scene must be: from the objects in a sample's JSON, with a
// geometry of its own.
#pragma once

#include <algorithm>
#include <cstring>

#include "showo/core/config.h"
#include "showo/data/sample.h"

namespace showo::emoji {

struct Seen {
  std::string name, style;
  int size, x, y;
};

inline std::vector<Seen> objects_of(const Json& json) {
  std::vector<Seen> objects;
  for (const Json& o : json.at("objects")) {
    objects.push_back({o.at("name"), o.at("style"), o.at("size"), o.at("x"), o.at("y")});
  }
  return objects;
}

// One object may stand in any of nine places, and so may each of five or six; several share two
// halves or four quarters, by where the others are.
inline std::string place_of(const Seen& o, const std::vector<Seen>& all) {
  const double x = o.x + o.size / 2.0, y = o.y + o.size / 2.0;
  if (all.size() == 1 || all.size() > 4) {
    const std::string down = y < 26 ? "top" : y > 38 ? "bottom" : "";
    const std::string across = x < 26 ? "left" : x > 38 ? "right" : "";
    if (down.empty() && across.empty()) return "in the middle";
    if (down.empty()) return "on the " + across;
    return "at the " + down + (across.empty() ? "" : " " + across);
  }
  if (all.size() > 2)
    return std::string("at the ") + (y < 32 ? "top " : "bottom ") + (x < 32 ? "left" : "right");
  const Seen& other = &o == &all[0] ? all[1] : all[0];
  const bool apart_in_x =
      o.x + o.size <= 32 ? other.x >= 32 : o.x >= 32 && other.x + other.size <= 32;
  const bool apart_in_y =
      o.y + o.size <= 32 ? other.y >= 32 : o.y >= 32 && other.y + other.size <= 32;
  if (apart_in_x && apart_in_y) return "";  // either word would be true
  if (apart_in_x) return x < 32 ? "on the left" : "on the right";
  return y < 32 ? "at the top" : "at the bottom";
}

inline std::string article(const std::string& name) {
  return (std::strchr("aeiou", name[0]) ? "an " : "a ") + name;
}

inline std::string answer(const Turn& turn, const Json& json) {
  static const char* const kNumbers[] = {"zero", "one", "two", "three", "four", "five", "six"};
  const auto objects = objects_of(json);
  auto named = [&](const std::string& name) {
    return std::count_if(objects.begin(), objects.end(),
                         [&](const Seen& o) { return o.name == name; });
  };
  const std::string& q = turn.question;
  if (turn.type == "colour") return json.at("background");
  if (q == "how many things are there?") return kNumbers[objects.size()];
  for (const Seen& o : objects) {
    if (turn.type == "count" && q.starts_with("how many " + o.name)) return kNumbers[named(o.name)];
    if (turn.type == "position" && q == "where is the " + o.name + "?") return place_of(o, objects);
    if (turn.type == "style" && q.starts_with("is the " + o.name + " flat")) return o.style;
    if (turn.type == "exists" && q == "is there " + article(o.name) + "?") return "yes";
    if (turn.type == "what" && q == "what is " + place_of(o, objects) + "?") return article(o.name);
  }
  return turn.type == "exists" ? "no" : "?";
}

inline bool ambiguous(const Turn& turn, const Json& json) {
  const auto objects = objects_of(json);
  return objects.size() == 2 && place_of(objects[0], objects).empty() &&
         (turn.type == "position" || turn.type == "what");
}

}  // namespace showo::emoji
