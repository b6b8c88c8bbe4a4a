// What a few seeds tell: means, deviations, and whether a claim holds.
#pragma once

#include <cstdint>
#include <vector>

namespace showo {

struct Summary {
  int64_t count = 0;
  double mean = 0, deviation = 0;  // of the sample (over n − 1); 0 where there is one value
};
Summary summary_of(const std::vector<double>& values);

enum class Verdict { kReproduced, kNotReproduced, kCannotSay };

/// Of the paired differences "this minus that" of a claim that this is higher: reproduced if all
/// are above zero and their mean is above twice its standard error (deviation / √n), not reproduced
/// if the same holds of them turned around; else, and of fewer than two, nothing can be said. Were
/// there no difference, three seeds would say either by chance once in eleven times.
Verdict judge_higher(const std::vector<double>& differences);

/// Of a claim that both are near: reproduced if the mean lies within `within` of zero by twice its
/// standard error, not reproduced if it lies outside by as much.
Verdict judge_near(const std::vector<double>& differences, double within);

/// "reproduced", "not reproduced", "cannot say".
const char* verdict_name(Verdict verdict);

}  // namespace showo
