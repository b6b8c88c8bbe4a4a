// Figures as pictures (SVG): means as bars or lines, deviations over seeds as whiskers, and each
// seed as a dot.
#pragma once

#include <string>
#include <vector>

namespace showo {

struct ChartSeries {
  std::string name;
  std::vector<std::vector<double>> values;  // of each place on the axis, by seed; none: not there
};

/// A bar a name, one below the other.
std::string bars_svg(const std::string& title, const std::vector<std::string>& names,
                     const std::vector<std::vector<double>>& values);

/// A line a series over places that stand equally far apart.
std::string lines_svg(const std::string& title, const std::string& axis,
                      const std::vector<std::string>& places,
                      const std::vector<ChartSeries>& series);

}  // namespace showo
