// LLaVA's conversations about pictures, [{id, image, conversations: [{from: human|gpt, value}]}].
// As the published models were tuned: the picture stands first in the row, whatever the place of
// <image> in the first human turn; entries without one picture are left out.
#pragma once

#include "showo/data/source.h"

namespace showo {

std::unique_ptr<data::Source> open_llava(const SourceConfig& config);

}  // namespace showo
