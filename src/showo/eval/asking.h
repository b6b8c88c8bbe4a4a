// A benchmark's questions asked of a model: many at a time by the engine, shared out among
// processes, each answer kept as soon as it is there, so that a run that was killed goes on.
#pragma once

#include "showo/benchmarks/benchmark.h"
#include "showo/dist/group.h"
#include "showo/generate/pipeline.h"

namespace showo {

/// What the answers in a folder are of. Answers of another run are not gone on with.
struct AskedRun {
  std::string benchmark, protocol, model, dtype;
  int64_t questions = 0;
  template <class V>
  void visit(V& v) {
    v(benchmark, "benchmark", "its name");
    v(protocol, "protocol", "whose prompts");
    v(model, "model", "folder");
    v(dtype, "dtype", "it is computed in");
    v(questions, "questions", "how many there are", at_least(0));
  }
};

/// The answers in the order of the questions, drawn greedily. `folder` keeps them:
/// answers-RANK.jsonl of every process ({id, answer} a line) and run.json. Each process answers a
/// share, neighbouring questions together; all return all answers. Throws Error naming
/// the folder when it holds answers of another run.
std::vector<std::string> ask_benchmark(Pipeline& pipeline,
                                       const std::vector<BenchmarkQuestion>& questions,
                                       const AskedRun& run, const fs::path& folder, Group& group);

}  // namespace showo
