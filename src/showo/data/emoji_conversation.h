// Conversations about a scene of the emoji world: questions in turns that can only be understood by
// those before them – "is it flat or glossy?", "and on the right?", "what is next to it?".
#pragma once

#include "showo/data/dice.h"
#include "showo/data/sample.h"
#include "showo/data/scene.h"

namespace showo::emoji {

/// Two conversations of three to five turns each, which know nothing of each other. Turns that
/// refer back have the type "reference".
std::vector<Turn> conversations(const Scene& scene, const Wording& wording, Dice& dice);

}  // namespace showo::emoji
