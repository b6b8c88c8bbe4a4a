// MMMU (Yue et al. 2024): questions of college courses. Files and score of its repository's
// main_parse_and_eval.py and main_eval_only.py; and lmms-eval's.
#pragma once

#include "showo/benchmarks/benchmark.h"

namespace showo {

/// `data`: a folder with answer_dict_val.json, or the only file …answer_dict.json in it, or such a
/// file: {id: {question_type, ground_truth}}; where the rows of the validation set are there as
/// plain files (read_mmmu_questions), these, which asking needs. Pictures are
/// images/<id>_<n>.png for the mark <image n>; by the official example a question has its first.
/// Throws Error naming the file and entry.
///
/// Predictions are either a folder with <subject>/output.json, lists of {id, question_type, answer,
/// all_choices, index2ans, response}; or one file {id: letter or text}, already understood, whose
/// score is "official_eval_only_printed" alone. Accuracies are rounded, as printed.
/// Official figures come in two forms: "official_random" draws an answer where no letter is found,
/// as the script does (Python's generator, seed 42); "official_unparsed_wrong" counts it as wrong,
/// as the forms of lmms-eval here do: "…2024" is that of the paper's time, "…head" since its
/// release 0.3.5, which compares answers to open questions character by character.
///
/// As in the official scripts, what is scored is what the predictions hold, with their own true
/// answers; what differs from the benchmark's stands in the problems: "missing" ids, "unknown id",
/// "doubled" (both count; in one file the last), "another truth", "unknown subject" (left out).
std::unique_ptr<Benchmark> open_mmmu(const fs::path& data);

}  // namespace showo
