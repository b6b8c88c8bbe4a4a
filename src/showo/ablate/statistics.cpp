#include "showo/ablate/statistics.h"

#include <algorithm>
#include <cmath>

namespace showo {
namespace {

constexpr double kErrors = 2;  // standard errors that a mean is off by, at most

double error_of(const Summary& summary) {
  return kErrors * summary.deviation / std::sqrt(static_cast<double>(summary.count));
}

}  // namespace

Summary summary_of(const std::vector<double>& values) {
  Summary summary{static_cast<int64_t>(values.size())};
  if (values.empty()) return summary;
  for (const double value : values) summary.mean += value / static_cast<double>(values.size());
  if (values.size() == 1) return summary;
  double squares = 0;
  for (const double value : values) squares += std::pow(value - summary.mean, 2);
  summary.deviation = std::sqrt(squares / static_cast<double>(values.size() - 1));
  return summary;
}

Verdict judge_higher(const std::vector<double>& differences) {
  if (differences.size() < 2) return Verdict::kCannotSay;
  const Summary all = summary_of(differences);
  const auto agree = [&](double sign) {
    return sign * all.mean > error_of(all) &&
           std::ranges::all_of(differences, [&](double d) { return sign * d > 0; });
  };
  return agree(1)    ? Verdict::kReproduced
         : agree(-1) ? Verdict::kNotReproduced
                     : Verdict::kCannotSay;
}

Verdict judge_near(const std::vector<double>& differences, double within) {
  if (differences.size() < 2) return Verdict::kCannotSay;
  const Summary all = summary_of(differences);
  if (std::abs(all.mean) + error_of(all) <= within) return Verdict::kReproduced;
  if (std::abs(all.mean) - error_of(all) > within) return Verdict::kNotReproduced;
  return Verdict::kCannotSay;
}

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kReproduced:
      return "reproduced";
    case Verdict::kNotReproduced:
      return "not reproduced";
    default:
      return "cannot say";
  }
}

}  // namespace showo
