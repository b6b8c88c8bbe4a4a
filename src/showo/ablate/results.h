// What a study found: figures by line and seed, and what becomes of its claims.
#pragma once

#include "showo/ablate/records.h"
#include "showo/ablate/statistics.h"

namespace showo {

/// A cell with what was measured.
struct Measured {
  Cell cell;
  std::map<std::string, double> figures{};   // by name; none while the cell is not finished
  double seconds = 0, training_seconds = 0;  // of its evaluation, and of all trainings behind it
  std::optional<std::string> error{};        // why there are no figures
};

struct Outcome {
  Trend trend;
  std::vector<int64_t> seeds{};       // that have all it takes
  std::vector<double> differences{};  // left minus right, by seed
  Verdict verdict = Verdict::kCannotSay;
  std::string sentence{};
};

struct Results {
  std::vector<Measured> cells;
  /// A figure of a line by seed.
  std::map<std::pair<std::string, std::string>, std::map<int64_t, double>> values;
  std::vector<Outcome> outcomes;

  std::vector<double> of(const std::string& line, const std::string& figure) const;
};

Results results_of(const Study& study, const Plan& plan, const Records& records);

/// "61.2 ± 1.3", with as many decimals as tell `about` that size of number apart; "–" of no value.
std::string number_text(const Summary& summary, double about);
std::string number_text(double value, double about);

}  // namespace showo
