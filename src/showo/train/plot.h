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
};

/// From RUN/metrics.jsonl; a last line cut short by a kill is passed over. Throws Error when there
/// is no such file, a line is no JSON object, or nothing is logged yet.
std::map<std::string, Curve> read_curves(const fs::path& run);

/// The panels of `metrics`, or of all. Throws Error naming a metric that the run does not have.
std::string plot_svg(const std::map<std::string, Curve>& curves,
                     const std::vector<std::string>& metrics, const std::string& title);

}  // namespace showo
