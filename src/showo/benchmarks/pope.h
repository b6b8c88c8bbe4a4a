// POPE (Li et al. 2023): is an object in the picture? Questions, answers and score of its
// repository, github.com/AoiDragon/POPE, evaluate.py; and lmms-eval's.
#pragma once

#include "showo/benchmarks/benchmark.h"

namespace showo {

/// Reads coco_pope_random.json, …_popular.json and …_adversarial.json in the folder `data`, as many
/// of the three as are there: JSON lines {question_id, image, text, label}. Pictures are in
/// val2014/, images/ or `data` itself. Throws Error naming the file and line.
///
/// Predictions: coco_pope_<category>_answers.json with lines {question, answer}, paired with the
/// questions by their place as the official script does; a file alone is one category, which its
/// name says. Official: the text before the first period, without commas, says no if one of its
/// words, between single spaces, is No, no or not. lmms-eval: what is to the letter yes or no.
/// Problems: "missing" and "too many" answers (the pairs there are count), "another question"
/// beside the answer (counts all the same), "undefined" figures (null).
std::unique_ptr<Benchmark> open_pope(const fs::path& data);

}  // namespace showo
