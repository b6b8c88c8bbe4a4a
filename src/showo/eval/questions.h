// How well a model answers the emoji world's questions, whose answers are known exactly.
#pragma once

#include <map>

#include "showo/generate/pipeline.h"

namespace showo {

struct Tally {
  int64_t right = 0, asked = 0;
};

/// Asks every question of the first `scenes` samples of `shards`; an answer counts when it is the
/// known one to the letter. By the question's type (what, colour, count, position, style, exists)
/// and "all".
std::map<std::string, Tally> ask_questions(Pipeline& pipeline, const std::string& shards,
                                           int64_t scenes);

}  // namespace showo
