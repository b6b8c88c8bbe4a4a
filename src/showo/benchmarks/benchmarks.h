// The benchmarks whose questions are about pictures, by name, and what the paper's models scored.
#pragma once

#include <string>
#include <vector>

#include "showo/benchmarks/benchmark.h"

namespace showo {

struct NamedBenchmark {
  const char* name;
  std::unique_ptr<Benchmark> (*open)(const fs::path& data);
  const char* what;      // a line of help
  const char* headline;  // the figure that papers print, as a path in the score: /official/overall
  double scale;          // what papers multiply it by
};

/// pope, mme, vqav2, gqa, mmmu and captions.
const std::vector<NamedBenchmark>& benchmarks();

/// The figure that papers print; nothing where the score has none.
std::optional<double> headline(const Json& score, const NamedBenchmark& benchmark);

struct PublishedFigure {
  const char* model;
  double figure;
};
/// Of `benchmark` or "geneval" (arXiv 2408.12528, tables 1, 3 and 4; captions are Flickr30k's).
std::vector<PublishedFigure> published_figures(const std::string& benchmark);

}  // namespace showo
