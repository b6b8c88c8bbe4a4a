// What is said about a scene: a caption, and questions whose answers are known exactly.
#pragma once

#include "showo/data/dice.h"
#include "showo/data/sample.h"
#include "showo/data/scene.h"

namespace showo::emoji {

std::string caption(const Scene& scene, const std::vector<Kind>& kinds, int canvas, Dice& dice);
/// One that says of every thing where it stands, so that only one picture is right.
std::string placed_caption(const Scene& scene, const std::vector<Kind>& kinds, int canvas,
                           Dice& dice);
/// Seven to thirteen independent questions in random order, among them the name of every thing;
/// `type` says what each asks for.
std::vector<Turn> questions(const Scene& scene, const std::vector<Kind>& kinds, int canvas,
                            Dice& dice);

/// "zero" to "four", the most things of a scene.
std::string number_word(size_t number);
std::string with_article(const std::string& words);
/// Where that is (scene.h): "at the top left", "on the left", "in the middle".
std::string at_place(const std::string& place);

}  // namespace showo::emoji
