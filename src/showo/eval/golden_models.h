// The cases with a model: the image tokenizer, training, generation, answering. Private to this
// folder.
#pragma once

#include "showo/eval/golden_case.h"

namespace showo {

void check_magvitv2(GoldenCase& c);
void check_showo_train(GoldenCase& c);
void check_showo_t2i(GoldenCase& c);
void check_showo_mmu(GoldenCase& c);

}  // namespace showo
