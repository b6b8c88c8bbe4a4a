// What is said about a scene: a caption, and questions whose answers are known exactly.
#pragma once

#include "showo/data/dice.h"
#include "showo/data/sample.h"
#include "showo/data/scene.h"

namespace showo::emoji {

/// What words are chosen from: the world's kinds, its canvas (pixels), how many styles it has, and
/// whether captions use every relation ("below" and "to the right of" too, and where each of
/// several things stands).
struct Wording {
  const std::vector<Kind>& kinds;
  int canvas = 64;
  int styles = 2;
  bool relations = false;
};

std::string caption(const Scene& scene, const Wording& wording, Dice& dice);
/// One that says of every thing where it stands, so that only one picture is right.
std::string placed_caption(const Scene& scene, const Wording& wording, Dice& dice);
/// Seven to fifteen independent questions in random order, among them the name of every thing;
/// `type` says what each asks for.
std::vector<Turn> questions(const Scene& scene, const Wording& wording, Dice& dice);

/// "zero" to "six", the most things of a scene.
std::string number_word(size_t number);
std::string with_article(const std::string& words);
/// "flat or glossy", or with all of them "flat, glossy or plain".
std::string styles_to_choose(int styles);
/// Where that is (scene.h): "at the top left", "on the left", "in the middle".
std::string at_place(const std::string& place);

}  // namespace showo::emoji
