// Questions about two pictures of the emoji world, a scene and the scene after a change: "what
// differs?", "which picture has more things?", "in which picture is there a dog?".
#pragma once

#include "showo/data/changes.h"
#include "showo/data/sample.h"

namespace showo::emoji {

/// Five to seven independent questions in random order, among them what differs (answered as
/// changes are said, changes.h). `type` says what each asks for: differs, same, more, which, count,
/// colour or what.
std::vector<Turn> comparisons(const Scene& first, const Scene& second,
                              const std::vector<Kind>& kinds, int canvas, Dice& dice);

}  // namespace showo::emoji
