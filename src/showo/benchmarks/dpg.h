// DPG-Bench (Hu et al., 2403.05135): long prompts, and about each picture questions that hang on
// one another, which a model answers that sees the picture. The files, and the score that
// compute_dpg_bench.py of TencentQQGYLab/ELLA gives for answers.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "showo/benchmarks/benchmark.h"

namespace showo {

struct DpgQuestion {
  int64_t id = 0;
  std::vector<int64_t> parents;  // ids of those without whose yes this one means nothing; 0: none
  std::string category;          // "attribute - color"
  std::string text;
};
/// In the order of the file, by the name of the prompt's file without its ending.
using DpgItems = std::map<std::string, std::vector<DpgQuestion>>;

/// `data`: dpg_bench.csv, or a folder that holds it. As the official script reads it, which passes
/// over the first row below the names. Throws Error naming the file and line.
DpgItems read_dpg(const fs::path& data);

/// One line of answers: the picture is 0 to 3, of the square of 2×2 in reading order.
std::string dpg_answer_line(const std::string& item, int64_t picture, int64_t question,
                            const std::string& answer);

/// Scores `answers`: lines of {item_id, picture, proposition_id, answer}, or the official script's
/// own record (…_detail.txt). Only the exact answer yes counts, and not where a parent, by its own
/// score, has 0. "official": score, of 100, pictures and prompts; l1 and l2: categories, which as
/// in the official script are of the last picture's answers, whatever the parents'. "items": the
/// score of each picture and their mean. Problems: "missing" (no answers to a prompt: left out, as
/// the official script leaves out a prompt without a picture; or to one of its questions: the whole
/// prompt is left out), "unknown parent" (the official script gives the prompt up), "unknown id"
/// and "doubled" (the first counts). Throws Error naming the file and line.
Json score_dpg(const fs::path& data, const fs::path& answers);

}  // namespace showo
