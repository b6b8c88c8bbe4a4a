// The cases without a model: tokenizer, prompting, mask schedules, image preprocessing. Private to
// this folder.
#pragma once

#include "showo/eval/golden_case.h"

namespace showo {

void check_tokenizer(GoldenCase& c);
void check_prompting(GoldenCase& c);
void check_schedules(GoldenCase& c);
void check_image_preprocessing(GoldenCase& c);

}  // namespace showo
