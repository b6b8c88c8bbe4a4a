#include "showo/train/plot.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "showo/core/config.h"
#include "showo/core/log.h"
#include "showo/core/svg.h"

namespace showo {
namespace {

constexpr double kWidth = 320, kHeight = 200, kLeft = 56, kRight = 12, kTop = 28, kBottom = 24;
constexpr size_t kColumns = 3;
constexpr const char* kStyle =
    "rect { fill: none; stroke: #ccc } polyline { fill: none } "
    ".raw { stroke: #9ab8d8; stroke-width: 1 } .mean { stroke: #1f5f9f; stroke-width: 2 }";

struct Extent {
  double low = std::numeric_limits<double>::infinity(),
         high = -std::numeric_limits<double>::infinity();
  void add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  // 0 to 1; in the middle when all values are the same.
  double part(double value) const { return high > low ? (value - low) / (high - low) : 0.5; }
};

// Weights of the past fade over a fiftieth of the curve.
std::vector<double> running_mean(const std::vector<double>& values) {
  const double keep = std::exp(-1 / std::max(1.0, static_cast<double>(values.size()) / 50));
  std::vector<double> means;
  double sum = 0, weight = 0;
  for (const double value : values) {
    if (std::isfinite(value)) {
      sum = keep * sum + value;
      weight = keep * weight + 1;
    }
    means.push_back(weight > 0 ? sum / weight : value);
  }
  return means;
}

std::string line(const Curve& curve, const std::vector<double>& values, const Extent& x,
                 const Extent& y, const char* style) {
  std::string points;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    points +=
        fmt::format("{:.1f},{:.1f} ", kLeft + x.part(curve.steps[i]) * (kWidth - kLeft - kRight),
                    kTop + (1 - y.part(values[i])) * (kHeight - kTop - kBottom));
  }
  return fmt::format("<polyline class=\"{}\" points=\"{}\"/>\n", style, points);
}

std::string panel(const std::string& name, const Curve& curve, double left, double top) {
  Extent x, y;
  for (const double step : curve.steps) x.add(step);
  for (const double value : curve.values) y.add(value);
  if (!std::isfinite(y.low)) y = {0, 0};
  std::string body = fmt::format("<g transform=\"translate({:.0f} {:.0f})\">\n", left, top);
  body += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n", kLeft, kTop,
                      kWidth - kLeft - kRight, kHeight - kTop - kBottom);
  body += svg::label((kLeft + kWidth - kRight) / 2, kTop - 8, "middle",
                     fmt::format("{} (last {:.4g})", name, curve.values.back()));
  body += svg::label(kLeft - 4, kTop + 10, "end", fmt::format("{:.4g}", y.high));
  body += svg::label(kLeft - 4, kHeight - kBottom, "end", fmt::format("{:.4g}", y.low));
  body += svg::label(kLeft, kHeight - 8, "start", fmt::format("{:g}", x.low));
  body += svg::label(kWidth - kRight, kHeight - 8, "end", fmt::format("{:g} steps", x.high));
  body += line(curve, curve.values, x, y, "raw");
  body += line(curve, running_mean(curve.values), x, y, "mean");
  return body + "</g>\n";
}

}  // namespace

std::map<std::string, Curve> read_curves(const fs::path& run) {
  const fs::path path = run / "metrics.jsonl";
  std::istringstream in(read_file(path));
  std::map<std::string, Curve> curves;
  int64_t number = 0;
  for (std::string text; std::getline(in, text);) {
    ++number;
    if (in.eof()) break;  // no line end: cut short
    const std::string where = fmt::format("{}: line {}", path.string(), number);
    Json json;
    try {
      json = parse_json(text, where);
    } catch (const Error& error) {  // one that was cut short, with the next glued to it
      spdlog::warn("{}; it is passed over", error.what());
      continue;
    }
    if (!json.is_object() || !json.contains("step") || !json["step"].is_number())
      fail("{}: expected an object with a step", where);
    for (const auto& [name, value] : json.items()) {
      if (!value.is_number() || name == "step") continue;
      curves[name].add(json["step"].get<double>(), value.get<double>());
    }
  }
  if (curves.empty()) fail("{}: nothing is logged yet", path.string());
  return curves;
}

std::string plot_svg(const std::map<std::string, Curve>& curves,
                     const std::vector<std::string>& metrics, const std::string& title) {
  std::vector<std::string> names = metrics;
  if (names.empty()) {
    for (const auto& [name, curve] : curves) names.push_back(name);
  }
  const size_t columns = std::min(kColumns, names.size()),
               rows = (names.size() + columns - 1) / columns;
  std::string panels;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto found = curves.find(names[i]);
    if (found == curves.end()) fail("metric '{}': the run has none of that name", names[i]);
    panels += panel(names[i], found->second, kWidth * static_cast<double>(i % columns),
                    svg::kTitleHeight + kHeight * static_cast<double>(i / columns));
  }
  return svg::page(kWidth * static_cast<double>(columns),
                   kHeight * static_cast<double>(rows) + svg::kTitleHeight, title, kStyle, panels);
}

}  // namespace showo
