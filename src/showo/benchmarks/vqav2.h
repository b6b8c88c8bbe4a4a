// VQAv2 (Goyal et al. 2017): open questions with ten people's answers each. Files and score of the
// official vqaEval.py; and lmms-eval's of today and of the time of the paper.
#pragma once

#include "showo/benchmarks/benchmark.h"

namespace showo {

/// `data`: a folder with v2_OpenEnded_mscoco_val2014_questions.json, or the only file
/// …questions.json in it, and to score v2_mscoco_val2014_annotations.json or the only file
/// …annotations.json. Pictures are COCO_<split>_<12 digits>.jpg in <split>/, images/ or `data`
/// itself, where the split is the questions' data_subtype (test2015 for test-dev2015). Throws Error
/// naming the file and entry.
///
/// Predictions: a list of {question_id, answer}, or a folder with one file …results.json. A
/// question scores, for each of its ten answers, a third for each of the other nine that the
/// prediction equals, at most one, and of these the mean. Official figures are rounded percentages.
/// Problems: "doubled" (the last one counts), "unknown id" (left out), "missing" (wrong): the
/// official script refuses the latter two.
std::unique_ptr<Benchmark> open_vqav2(const fs::path& data);

}  // namespace showo
