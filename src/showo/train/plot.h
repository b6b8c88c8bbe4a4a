// A run's curves as an SVG picture: one panel a metric, its values thin and their running mean
// thick.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "showo/core/files.h"

namespace showo {

struct Curve {
  std::vector<double> steps, values;
  /// What is there of this step and later ones is of a run that was killed and went back.
  void add(double step, double value) {
    while (!steps.empty() && steps.back() >= step) {
      steps.pop_back();
      values.pop_back();
    }
    steps.push_back(step);
    values.push_back(value);
  }
};

/// From RUN/metrics.jsonl; lines that a kill or crash cut short are passed over. Throws Error when
/// there is no such file, a line is other JSON than an object, or nothing is logged yet.
std::map<std::string, Curve> read_curves(const fs::path& run);

/// The panels of `metrics`, or of all. Throws Error naming a metric that the run does not have.
std::string plot_svg(const std::map<std::string, Curve>& curves,
                     const std::vector<std::string>& metrics, const std::string& title);

}  // namespace showo
