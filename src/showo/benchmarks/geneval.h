// GenEval (Ghosh et al., 2310.11513): do pictures show what their prompts ask for? A detector and a
// colour classifier of others look at the pictures; the prompts, the folder they want the pictures
// in, the rules of evaluate_images.py on what they found and the summary of summary_scores.py are
// here.
#pragma once

#include <string>
#include <vector>

#include "showo/benchmarks/geneval_rules.h"
#include "showo/core/config.h"
#include "showo/core/files.h"

namespace showo {

struct GenevalPrompt {
  std::string tag, prompt;
  std::vector<GenevalRequest> include, exclude;
  std::string metadata;  // all of this as the official script writes it: NNNNN/metadata.jsonl
};

/// `data`: a file of metadata lines, or a folder with evaluation_metadata.jsonl. Throws Error
/// naming the file and line.
std::vector<GenevalPrompt> read_geneval(const fs::path& data);

/// Where the official scripts want a prompt's metadata, NNNNN/metadata.jsonl, and its pictures,
/// NNNNN/samples/NNNNN.png (four of each), below a folder of a model's own. All count from 0.
fs::path geneval_metadata_path(size_t prompt);
fs::path geneval_picture_path(size_t prompt, size_t sample);

/// Scores `predictions`, lines of detections or an official results file (of a folder,
/// results.jsonl or the only file …detections.jsonl). Detections: {file: "NNNNN/samples/NNNNN.png",
/// objects: {class: [[x1, y1, x2, y2, score, colour], …]}}, the colour being the classifier's for
/// that box, or null where no prompt asks for it. "official": images, correct, prompts,
/// prompts_correct, tags: {tag: correct, images, accuracy}, overall (the mean of the tags met) and
/// `printed`, the official summary; "pictures": {file: [correct, reason]}. Problems: "missing" (a
/// prompt without a picture: left out, as the official summary does), "doubled" (both lines count),
/// "unknown id" (a picture of no prompt: a detection is left out, an official result counts) and
/// "unknown class" (left out). Throws Error naming the file and line.
Json score_geneval(const fs::path& data, const fs::path& predictions);

/// Writes the official results file, which summary_scores.py reads, for lines of detections. Where
/// a picture shows two relations the reason names them in alphabetical order; the official script's
/// order changes from run to run. Returns the problems, as score_geneval has them.
Json write_geneval_results(const fs::path& data, const fs::path& detections, const fs::path& out);

}  // namespace showo
