#include "showo/ablate/results.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "showo/ablate/figures.h"

namespace showo {
namespace {

const Record* record_of(const Records& records, const std::string& id) {
  const auto found = records.find(id);
  return found == records.end() ? nullptr : &found->second;
}

// The trainings behind a step, each once.
void add_needs(const Plan& plan, const Step& step, std::set<std::string>& all) {
  for (const auto& id : step.needs)
    if (all.insert(id).second) add_needs(plan, plan.step(id), all);
}

Measured measured(const Study& study, const Plan& plan, const Records& records, const Cell& cell) {
  Measured result{cell};
  const Step& step = plan.step(cell.step);
  std::set<std::string> needs;
  add_needs(plan, step, needs);
  for (const auto& id : needs) {
    const Record* record = record_of(records, id);
    if (!record) continue;
    result.training_seconds += record->seconds;
    if (record->error) result.error = fmt::format("{}: {}", id, *record->error);
  }
  const Record* record = record_of(records, step.id);
  if (!record) return result;
  result.seconds = record->seconds;
  if (record->error) result.error = fmt::format("{}: {}", step.id, *record->error);
  if (!record->finished) return result;
  try {
    for (const Figure& figure : study.figures)
      if (figure.evaluation == cell.evaluation)
        result.figures[figure.name] = figure_in(record->output, figure);
  } catch (const Error& error) {
    result.figures.clear();
    result.error = fmt::format("{}: {}", step.id, error.what());
  }
  return result;
}

// A side's values at the seeds at which all of its lines have one: a line's, or the difference of
// two.
std::map<int64_t, double> side(const Results& results, const std::vector<std::string>& lines,
                               const std::string& figure) {
  const auto values = [&](const std::string& line) -> std::map<int64_t, double> {
    const auto found = results.values.find({line, figure});
    return found == results.values.end() ? std::map<int64_t, double>() : found->second;
  };
  std::map<int64_t, double> all = values(lines[0]);
  if (lines.size() == 1) return all;
  const auto other = values(lines[1]);
  std::erase_if(all, [&](const auto& item) { return !other.contains(item.first); });
  for (auto& [seed, value] : all) value -= other.at(seed);
  return all;
}

std::string sentence_of(const Outcome& outcome, const std::vector<double>& left,
                        const std::vector<double>& right) {
  const Trend& trend = outcome.trend;
  const std::string begin = fmt::format("{}: {}.", trend.claim, verdict_name(outcome.verdict));
  if (outcome.differences.size() < 2)
    return fmt::format("{} Seeds with all figures: {}; it takes two.", begin,
                       outcome.differences.size());
  const Summary a = summary_of(left), b = summary_of(right),
                difference = summary_of(outcome.differences);
  const double about = std::max(std::abs(a.mean), std::abs(b.mean));
  const auto above = std::ranges::count_if(outcome.differences, [](double d) { return d > 0; });
  const std::string than = trend.within ? fmt::format(" (near: within {:g})", *trend.within) : "";
  return fmt::format(
      "{} {}: {} ({}) against {} ({}); difference {}{}, above zero with {} of {} seeds.", begin,
      trend.figure, number_text(a, about), fmt::join(trend.left, " minus "), number_text(b, about),
      fmt::join(trend.right, " minus "), number_text(difference, about), than, above,
      outcome.differences.size());
}

Outcome outcome_of(const Results& results, const Trend& trend) {
  Outcome outcome{trend};
  const auto left = side(results, trend.left, trend.figure),
             right = side(results, trend.right, trend.figure);
  std::vector<double> lefts, rights;
  for (const auto& [seed, value] : left) {
    const auto other = right.find(seed);
    if (other == right.end()) continue;
    outcome.seeds.push_back(seed);
    lefts.push_back(value);
    rights.push_back(other->second);
    outcome.differences.push_back(value - other->second);
  }
  outcome.verdict = trend.within ? judge_near(outcome.differences, *trend.within)
                                 : judge_higher(outcome.differences);
  outcome.sentence = sentence_of(outcome, lefts, rights);
  return outcome;
}

int decimals_for(double about) { return std::abs(about) >= 10 ? 1 : std::abs(about) >= 1 ? 2 : 3; }

}  // namespace

std::vector<double> Results::of(const std::string& line, const std::string& figure) const {
  std::vector<double> all;
  if (const auto found = values.find({line, figure}); found != values.end())
    for (const auto& [seed, value] : found->second) all.push_back(value);
  return all;
}

Results results_of(const Study& study, const Plan& plan, const Records& records) {
  Results results;
  for (const Cell& cell : plan.cells) {
    results.cells.push_back(measured(study, plan, records, cell));
    for (const auto& [figure, value] : results.cells.back().figures)
      results.values[{line_name(cell.row, cell.setting), figure}][cell.seed] = value;
  }
  for (const Trend& trend : study.trends) results.outcomes.push_back(outcome_of(results, trend));
  return results;
}

std::string number_text(double value, double about) {
  return fmt::format("{:.{}f}", value, decimals_for(about));
}

std::string number_text(const Summary& summary, double about) {
  if (summary.count == 0) return "–";
  const std::string mean = number_text(summary.mean, about);
  return summary.count == 1 ? mean
                            : fmt::format("{} ± {}", mean, number_text(summary.deviation, about));
}

}  // namespace showo
