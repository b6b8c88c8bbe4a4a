// MME (Fu et al. 2023): yes or no to pairs of questions about a picture. Files and score of its
// makers' eval_tool, calculation.py; and lmms-eval's.
#pragma once

#include "showo/benchmarks/benchmark.h"

namespace showo {

/// Reads the 14 <subtask>.txt in the folder `data` or in its questions/: lines of picture, question
/// and Yes or No with tabs between, two to a picture. Pictures are in <subtask>/ or
/// <subtask>/images/. Throws Error naming the file and line.
///
/// Predictions: a folder, or responses/ in it, with the same files and a fourth column, the
/// response. A sub-task scores 100 × the share of right questions + 100 × the share of pictures
/// with both right; "perception" is the sum over ten, "cognition" over four. Official: yes, else
/// no, is looked for in the first four characters. lmms-eval: without white space around and
/// periods, and y or n alone will do. As the official script does, the score takes questions and
/// truth as the predictions have them; what differs from the benchmark's stands in the problems:
/// "missing" and "unknown" questions, "doubled" ones, "another truth".
std::unique_ptr<Benchmark> open_mme(const fs::path& data);

}  // namespace showo
