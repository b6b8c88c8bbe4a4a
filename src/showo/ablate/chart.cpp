#include "showo/ablate/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "showo/ablate/statistics.h"
#include "showo/core/svg.h"

namespace showo {
namespace {

constexpr const char* kStyle =
    ".grid { stroke: #ddd } .bar { fill: #9ab8d8 } .whisker { stroke: #333 } "
    ".dot { fill: #1f5f9f } polyline { fill: none; stroke-width: 2 }";
constexpr std::array kColours = {"#1f5f9f", "#d1622b", "#3c8d40", "#8a4fa3",
                                 "#b8860b", "#4aa3a2", "#a33b52", "#666666"};
constexpr double kLetter = 6.2;  // width of one, about

// Where numbers stand on an axis: round ticks from at or below the least to at or above the
// largest.
class Scale {
 public:
  Scale(const std::vector<std::vector<double>>& values, double begin, double end)
      : begin_(begin), end_(end) {
    double low = 0, high = -std::numeric_limits<double>::infinity();
    for (const auto& seeds : values) {
      const Summary all = summary_of(seeds);
      if (all.count == 0) continue;
      low = std::min({low, all.mean - all.deviation, std::ranges::min(seeds)});
      high = std::max({high, all.mean + all.deviation, std::ranges::max(seeds)});
    }
    if (!(high > low)) high = low + 1;
    const double rough = (high - low) / 5, power = std::pow(10, std::floor(std::log10(rough)));
    for (const double step : {1.0, 2.0, 5.0, 10.0}) {
      tick_ = step * power;
      if (tick_ >= rough) break;
    }
    low_ = std::floor(low / tick_) * tick_;
    high_ = std::ceil(high / tick_) * tick_;
  }
  double at(double value) const {
    return begin_ + (value - low_) / (high_ - low_) * (end_ - begin_);
  }
  std::vector<double> ticks() const {
    std::vector<double> ticks;
    for (double tick = low_; tick < high_ + tick_ / 2; tick += tick_)
      ticks.push_back(std::abs(tick) < tick_ / 2 ? 0 : tick);
    return ticks;
  }

 private:
  double begin_, end_, tick_ = 1, low_, high_;
};

std::string line(double x1, double y1, double x2, double y2, const char* style) {
  return fmt::format(
      "<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", style, x1,
      y1, x2, y2);
}

std::string dot(double x, double y, const char* colour) {
  return fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.5\" fill=\"{}\"/>\n", x, y, colour);
}

std::string mean_text(const Summary& all) {
  const int decimals = std::abs(all.mean) >= 10 ? 1 : 2;
  return all.count > 1
             ? fmt::format("{:.{}f} ± {:.{}f}", all.mean, decimals, all.deviation, decimals)
             : fmt::format("{:.{}f}", all.mean, decimals);
}

std::string bar(const Scale& x, double y, double height, const std::vector<double>& seeds) {
  const Summary all = summary_of(seeds);
  const double middle = y + height / 2, from = std::min(x.at(0), x.at(all.mean)),
               to = std::max(x.at(0), x.at(all.mean));
  std::string svg = fmt::format(
      "<rect class=\"bar\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>\n", from,
      y, to - from, height);
  svg += line(x.at(all.mean - all.deviation), middle, x.at(all.mean + all.deviation), middle,
              "whisker");
  for (const double value : seeds) svg += dot(x.at(value), middle, kColours[0]);
  return svg;
}

// A series over places at `xs`.
std::string series_line(const ChartSeries& series, const std::vector<double>& xs, const Scale& y,
                        const char* colour) {
  std::string points, marks;
  for (size_t i = 0; i < xs.size(); ++i) {
    const Summary all = summary_of(series.values[i]);
    if (all.count == 0) continue;
    points += fmt::format("{:.1f},{:.1f} ", xs[i], y.at(all.mean));
    marks += line(xs[i], y.at(all.mean - all.deviation), xs[i], y.at(all.mean + all.deviation),
                  "whisker");
    for (const double value : series.values[i]) marks += dot(xs[i], y.at(value), colour);
  }
  return fmt::format("<polyline stroke=\"{}\" points=\"{}\"/>\n{}", colour, points, marks);
}

}  // namespace

std::string bars_svg(const std::string& title, const std::vector<std::string>& names,
                     const std::vector<std::vector<double>>& values) {
  constexpr double kRow = 26, kBar = 16, kChart = 380, kRight = 110, kBottom = 22;
  size_t longest = 0;
  for (const auto& name : names) longest = std::max(longest, name.size());
  const double left = 16 + kLetter * static_cast<double>(longest), right = left + kChart;
  const double bottom = svg::kTitleHeight + kRow * static_cast<double>(names.size());
  const Scale x(values, left, right);
  std::string body;
  for (const double tick : x.ticks()) {
    body += line(x.at(tick), svg::kTitleHeight, x.at(tick), bottom, "grid");
    body += svg::label(x.at(tick), bottom + 14, "middle", fmt::format("{:g}", tick));
  }
  for (size_t i = 0; i < names.size(); ++i) {
    const double y = svg::kTitleHeight + kRow * static_cast<double>(i) + (kRow - kBar) / 2;
    body += svg::label(left - 8, y + kBar - 4, "end", names[i]);
    if (values[i].empty()) continue;
    body += bar(x, y, kBar, values[i]);
    body += svg::label(right + 8, y + kBar - 4, "start", mean_text(summary_of(values[i])));
  }
  return svg::page(right + kRight, bottom + kBottom, title, kStyle, body);
}

std::string lines_svg(const std::string& title, const std::string& axis,
                      const std::vector<std::string>& places,
                      const std::vector<ChartSeries>& series) {
  constexpr double kLeft = 48, kChart = 360, kHeight = 240, kBottom = 40;
  std::vector<std::vector<double>> all;
  size_t longest = 0;
  for (const auto& one : series) {
    all.insert(all.end(), one.values.begin(), one.values.end());
    longest = std::max(longest, one.name.size());
  }
  const double bottom = svg::kTitleHeight + kHeight;
  const Scale y(all, bottom, svg::kTitleHeight + 8);
  std::vector<double> xs;
  std::string body;
  for (const double tick : y.ticks()) {
    body += line(kLeft, y.at(tick), kLeft + kChart, y.at(tick), "grid");
    body += svg::label(kLeft - 6, y.at(tick) + 4, "end", fmt::format("{:g}", tick));
  }
  for (size_t i = 0; i < places.size(); ++i) {
    xs.push_back(kLeft +
                 kChart * (static_cast<double>(i) + 0.5) / static_cast<double>(places.size()));
    body += svg::label(xs[i], bottom + 14, "middle", places[i]);
  }
  body += svg::label(kLeft + kChart / 2, bottom + 30, "middle", axis);
  for (size_t i = 0; i < series.size(); ++i) {
    const char* colour = kColours[i % kColours.size()];
    body += series_line(series[i], xs, y, colour);
    const double at = svg::kTitleHeight + 18 + 18 * static_cast<double>(i);
    body += dot(kLeft + kChart + 16, at - 4, colour);
    body += svg::label(kLeft + kChart + 24, at, "start", series[i].name);
  }
  return svg::page(kLeft + kChart + 40 + kLetter * static_cast<double>(longest), bottom + kBottom,
                   title, kStyle, body);
}

}  // namespace showo
