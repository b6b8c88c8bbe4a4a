// DPG-Bench's questions asked of a model that sees the drawn pictures. The official judge is
// mPLUG-large; another one's scores are not comparable with its.
#pragma once

#include "showo/dist/group.h"
#include "showo/eval/asking.h"

namespace showo {

/// Asks `run.model` the questions of `data` about pictures/NAME.png, each a square of 2×2 of which
/// the first `of_each` count, or one picture. Answers are kept as ask_benchmark keeps them, and the
/// leading process writes folder/answers.jsonl, which score_dpg reads, with yes for every answer
/// that begins so. A prompt without a picture is not asked. Throws Error when none has one.
void answer_dpg(Pipeline& pipeline, const fs::path& data, const fs::path& pictures, int64_t of_each,
                AskedRun run, const fs::path& folder, Group& group);

}  // namespace showo
