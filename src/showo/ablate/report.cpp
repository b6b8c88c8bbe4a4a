#include "showo/ablate/report.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "showo/ablate/chart.h"

namespace showo {
namespace {

std::string cell_text(const std::string& text) {
  std::string result;
  for (const char c : printable(text)) {
    if (c == '|') result += '\\';
    result += c;
  }
  return result;
}

std::string table_line(const std::vector<std::string>& cells) {
  return fmt::format("| {} |\n", fmt::join(cells, " | "));
}

std::vector<const Figure*> figures_of(const Study& study, const Evaluation& evaluation) {
  std::vector<const Figure*> figures;
  for (const Figure& figure : study.figures)
    if (figure.evaluation == evaluation.name) figures.push_back(&figure);
  return figures;
}

// The largest mean of a column, which its decimals go by.
double size_of(const Results& results, const std::vector<std::string>& lines,
               const std::string& figure) {
  double largest = 0;
  for (const auto& line : lines)
    largest = std::max(largest, std::abs(summary_of(results.of(line, figure)).mean));
  return largest;
}

// Lines by figures, their seeds, and where `paper` says so the paper's figures.
std::string table(const Study& study, const Results& results, const std::vector<std::string>& lines,
                  const std::vector<const Figure*>& figures, const char* first, bool paper) {
  std::vector<std::string> head = {first};
  for (const Figure* figure : figures) head.push_back(cell_text(figure->name));
  head.emplace_back("seeds");
  if (paper)
    for (const auto& name : study.paper_figures) head.push_back("paper: " + cell_text(name));
  std::string text = table_line(head) + table_line(std::vector<std::string>(head.size(), "---"));
  for (const auto& line : lines) {
    std::vector<std::string> cells = {cell_text(line)};
    size_t seeds = 0;
    for (const Figure* figure : figures) {
      const auto values = results.of(line, figure->name);
      seeds = std::max(seeds, values.size());
      cells.push_back(number_text(summary_of(values), size_of(results, lines, figure->name)));
    }
    cells.push_back(std::to_string(seeds));
    const auto row = std::ranges::find(study.rows, line, &StudyRow::name);
    for (size_t i = 0; paper && i < study.paper_figures.size(); ++i) {
      const bool told = row != study.rows.end() && i < row->paper.size() && row->paper[i];
      cells.push_back(told ? number_text(*row->paper[i], /*about=*/10) : "–");
    }
    text += table_line(cells);
  }
  return text;
}

std::string tables(const Study& study, const Results& results) {
  std::vector<const Figure*> plain;
  std::string text, settings;
  for (const Evaluation& evaluation : study.evaluations) {
    const auto figures = figures_of(study, evaluation);
    if (evaluation.settings.empty()) {
      plain.insert(plain.end(), figures.begin(), figures.end());
    } else {
      settings += fmt::format("\n## {}\n", evaluation.name) +
                  table(study, results, lines_of(study, evaluation), figures, "setting", false);
    }
  }
  if (plain.empty()) return settings;
  std::vector<std::string> rows;
  for (const StudyRow& row : study.rows) rows.push_back(row.name);
  const bool paper = !study.paper_figures.empty();
  text = table(study, results, rows, plain, "row", paper);
  if (paper) text += fmt::format("\nThe paper's figures are those of its {}.\n", study.paper_table);
  return "\n" + text + settings;
}

std::string failures(const Results& results) {
  std::string text;
  for (const Measured& cell : results.cells) {
    if (!cell.error) continue;
    text += fmt::format("- {}, seed {}: {}\n", line_name(cell.cell.row, cell.cell.setting),
                        cell.cell.seed, one_line(*cell.error));
  }
  return text.empty() ? "" : "\n## Failed\n" + text;
}

Json cell_json(const Measured& measured) {
  const Cell& cell = measured.cell;
  Json json = {{"row", cell.row},
               {"seed", cell.seed},
               {"evaluation", cell.evaluation},
               {"step", cell.step},
               {"figures", measured.figures},
               {"seconds", measured.seconds},
               {"training_seconds", measured.training_seconds}};
  if (!cell.setting.empty()) json["setting"] = cell.setting;
  if (measured.error) json["error"] = *measured.error;
  return json;
}

}  // namespace

Json results_json(const Study& study, const Results& results) {
  Json json = {{"study", study.name},    {"title", study.title},   {"seeds", study.seeds},
               {"cells", Json::array()}, {"lines", Json::array()}, {"trends", Json::array()}};
  for (const Measured& cell : results.cells) json["cells"].push_back(cell_json(cell));
  for (const Figure& figure : study.figures) {
    for (const auto& line : lines_of(study, evaluation_of(study, figure.name))) {
      const Summary all = summary_of(results.of(line, figure.name));
      if (all.count == 0) continue;
      json["lines"].push_back({{"line", line},
                               {"figure", figure.name},
                               {"seeds", all.count},
                               {"mean", all.mean},
                               {"deviation", all.deviation}});
    }
  }
  for (const Outcome& outcome : results.outcomes) {
    json["trends"].push_back({{"claim", outcome.trend.claim},
                              {"figure", outcome.trend.figure},
                              {"verdict", verdict_name(outcome.verdict)},
                              {"seeds", outcome.seeds},
                              {"differences", outcome.differences},
                              {"sentence", outcome.sentence}});
  }
  return json;
}

std::string results_markdown(const Study& study, const Results& results) {
  std::string text = fmt::format("# {}\n", study.title);
  if (!study.about.empty()) text += "\n" + study.about + "\n";
  text += "\nMeans over seeds ± the deviation of one (sample).\n" + tables(study, results);
  if (!results.outcomes.empty()) text += "\n## Claims\n";
  for (const Outcome& outcome : results.outcomes) text += "- " + outcome.sentence + "\n";
  text += "\n## Pictures\n";
  for (const Figure& figure : study.figures)
    text += fmt::format("![{}]({})\n", cell_text(figure.name), picture_name(figure));
  return text + failures(results);
}

std::string figure_svg(const Study& study, const Results& results, const Figure& figure) {
  const Evaluation& evaluation = evaluation_of(study, figure.name);
  const auto lines = lines_of(study, evaluation);
  std::vector<std::vector<double>> values;
  for (const auto& line : lines) values.push_back(results.of(line, figure.name));
  const std::string title = fmt::format("{}: {}", study.title, figure.name);
  if (evaluation.settings.empty()) return bars_svg(title, lines, values);
  const Axis& axis = evaluation.settings.back();
  const size_t places = axis.values.size();
  std::vector<ChartSeries> series;
  for (size_t i = 0; i < lines.size(); i += places) {
    const std::string end = fmt::format("{} {}", axis.flag, axis.values.front());
    std::string name = lines[i].substr(0, lines[i].size() - end.size());
    while (name.ends_with(' ') || name.ends_with(',') || name.ends_with('@')) name.pop_back();
    series.push_back({name,
                      {values.begin() + static_cast<int64_t>(i),
                       values.begin() + static_cast<int64_t>(i + places)}});
  }
  return lines_svg(title, axis.flag, axis.values, series);
}

void write_report(const Study& study, const Results& results, const fs::path& out) {
  write_file_atomically(out / "results.json", results_json(study, results).dump(1) + "\n");
  write_file_atomically(out / "results.md", results_markdown(study, results));
  for (const Figure& figure : study.figures)
    write_file_atomically(out / picture_name(figure), figure_svg(study, results, figure));
}

}  // namespace showo
