// The runners of the golden cases of other language models and other ways of seeing. Private to this
// folder.
#pragma once

#include "showo/eval/golden_case.h"

namespace showo {

void check_llama_backbone(GoldenCase& c);
void check_showo_clip_mmu(GoldenCase& c);

}  // namespace showo
