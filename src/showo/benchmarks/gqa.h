// GQA (Hudson and Manning 2019): questions about relations and attributes in scenes. Files and
// score of its makers' eval.py, in the form that does without the files testdev lacks; LLaVA's
// conversion of responses; and lmms-eval's score.
#pragma once

#include "showo/benchmarks/benchmark.h"

namespace showo {

/// `data`: a folder with testdev_balanced_questions.json, or the only file …questions.json in it,
/// or such a file: an object with questions by id. Pictures are images/<imageId>.jpg. Throws Error
/// naming the file and the question.
///
/// Predictions: a list of {questionId, prediction}, or a folder with one file …predictions.json. An
/// answer is right when it is the true one to the letter; only balanced questions count. Accuracies
/// are percentages, "distribution" is χ² over answers by global group / 100. Of several predictions
/// for a question the last one counts, as officially. Problems: "doubled", "unknown id" (left out),
/// "missing" (wrong; the official script refuses such a file).
std::unique_ptr<Benchmark> open_gqa(const fs::path& data);

}  // namespace showo
