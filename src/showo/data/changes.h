// What happens between two scenes of a story, in words and back: "a dog appears at the top left",
// "the lion leaves", "make the background blue".
#pragma once

#include <optional>

#include "showo/data/dice.h"
#include "showo/data/scene.h"

namespace showo::emoji {

struct Change {
  enum class Kind { kAppear, kLeave, kMove, kReplace, kBackground };
  Kind kind = Kind::kBackground;
  std::string thing;  // the name of what appears, leaves, moves or is replaced
  /// Where it appears; of another thing where it stands, if its name alone does not say which is
  /// meant: "top left".
  std::string place;
  std::string to;        // the place it moves to, the name of what it becomes, or the colour
  bool another = false;  // what appears is not the first of its kind
  bool operator==(const Change&) const = default;
};
/// {kind, thing, place, to, another}: appear, leave, move, replace or background.
Json describe(const Change& change);

/// The only change between two scenes.
Change change_between(const Scene& before, const Scene& after, const std::vector<Kind>& kinds,
                      int canvas);
/// One of the ways to say it.
std::string say(const Change& change, Dice& dice);
/// The first of them.
std::string say(const Change& change);
/// What a text says; nothing when it is none of the ways to say a change.
std::optional<Change> read_change(const std::string& text, const std::vector<Kind>& kinds);

}  // namespace showo::emoji
