// A study's lines: rows, and rows under each setting of an evaluation.
#include <algorithm>
#include <cctype>

#include "showo/ablate/study.h"

namespace showo {

std::string picture_name(const Figure& figure) {
  std::string name;
  for (const unsigned char c : figure.name) {
    if (std::isalnum(c)) {
      name += static_cast<char>(std::tolower(c));
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  while (name.ends_with('-')) name.pop_back();
  return (name.empty() ? "figure" : name) + ".svg";
}

const Evaluation& evaluation_of(const Study& study, const std::string& figure) {
  const auto& found = *std::ranges::find(study.figures, figure, &Figure::name);
  return *std::ranges::find(study.evaluations, found.evaluation, &Evaluation::name);
}

std::vector<std::vector<std::string>> settings_of(const Evaluation& evaluation) {
  std::vector<std::vector<std::string>> settings = {{}};
  for (const Axis& axis : evaluation.settings) {
    std::vector<std::vector<std::string>> longer;
    for (const auto& setting : settings) {
      for (const auto& value : axis.values) {
        longer.push_back(setting);
        longer.back().insert(longer.back().end(), {"--" + axis.flag, value});
      }
    }
    settings = std::move(longer);
  }
  return settings;
}

std::string setting_name(const std::vector<std::string>& setting) {
  std::string name;
  for (size_t i = 0; i < setting.size(); i += 2)
    name += fmt::format("{}{} {}", i ? ", " : "", setting[i].substr(2), setting[i + 1]);
  return name;
}

std::string line_name(const std::string& row, const std::string& setting) {
  return setting.empty() ? row : row + " @ " + setting;
}

std::vector<std::string> lines_of(const Study& study, const Evaluation& evaluation) {
  std::vector<std::string> lines;
  for (const StudyRow& row : study.rows) {
    if (!measures(evaluation, row.name)) continue;
    for (const auto& setting : settings_of(evaluation))
      lines.push_back(line_name(row.name, setting_name(setting)));
  }
  return lines;
}

bool measures(const Evaluation& evaluation, const std::string& row) {
  return evaluation.rows.empty() || std::ranges::count(evaluation.rows, row);
}

}  // namespace showo
