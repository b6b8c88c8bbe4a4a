// A study's results as files: results.json, results.md and a picture a figure.
#pragma once

#include "showo/ablate/results.h"

namespace showo {

/// Every cell, every line's mean and deviation, and every claim's verdict.
Json results_json(const Study& study, const Results& results);

/// Tables beside the paper's figures, what became of the claims, pictures by their files' names,
/// and what failed.
std::string results_markdown(const Study& study, const Results& results);

/// A figure's picture: bars of rows, or where its evaluation has settings lines over the last axis.
std::string figure_svg(const Study& study, const Results& results, const Figure& figure);

/// All of these into `out`.
void write_report(const Study& study, const Results& results, const fs::path& out);

}  // namespace showo
