// Pictures of a list of prompts: many at a time by the engine, shared out among processes, each
// written as soon as it is there, so that a run that was killed goes on.
#pragma once

#include "showo/benchmarks/prompt_list.h"
#include "showo/dist/group.h"
#include "showo/generate/pipeline.h"

namespace showo {

/// What the pictures in a folder are of. Those of another run are not gone on with.
struct DrawnRun {
  std::string data, model, dtype;
  uint64_t seed = 0;
  int64_t samples = 1, prompts = 0;
  SamplingOptions sampling;
  template <class V>
  void visit(V& v) {
    v(data, "data", "the list");
    v(model, "model", "folder");
    v(dtype, "dtype", "it is computed in");
    v(seed, "seed", "of each prompt's first picture", any_number());
    v(samples, "samples", "pictures of a prompt", between(1, 4));
    v(prompts, "prompts", "how many there are", at_least(0));
    v(sampling, "sampling", "how they are drawn");
  }
};

/// Draws what `folder` lacks: pictures/NAME.png, a picture or, of several samples, a square of 2×2
/// in reading order (what is left is black), as DPG-Bench wants them; sample i by the seed + i. The
/// list prompts.jsonl (texted_pictures.h) and run.json stand beside. Problems: "cut" (a prompt of
/// which the model reads a part), known to the leading process. All processes return when all are
/// done. Throws Error naming the folder when it holds another run's, and a name that two prompts
/// have.
void draw_prompts(Pipeline& pipeline, const std::vector<ListedPrompt>& prompts, const DrawnRun& run,
                  const fs::path& folder, Group& group, Problems& problems);

}  // namespace showo
