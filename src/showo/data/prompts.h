// Questions that the captions of a source answer.
#pragma once

#include "showo/data/source.h"

namespace showo {

/// The source with one of `prompts` before each caption: a turn of question and caption, in the
/// place of the sample's own turns.
std::unique_ptr<data::Source> with_prompts(std::unique_ptr<data::Source> source,
                                           std::vector<std::string> prompts);

}  // namespace showo
