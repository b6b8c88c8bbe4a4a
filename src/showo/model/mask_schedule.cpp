#include "showo/model/mask_schedule.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>

#include "showo/core/error.h"

namespace showo {

double mask_ratio(const std::string& schedule, double r) {
  // As published, all but the cosine stay just above zero.
  auto clamped = [](double ratio) { return std::clamp(ratio, 1e-6, 1.0); };
  if (schedule == "cosine") {
    // In single precision, as the reference: 256·cos(π/3) must be just below 128, so that its floor
    // is 127.
    return std::cos(static_cast<float>(r) * std::numbers::pi_v<float> * 0.5f);
  }
  if (schedule == "linear") return clamped(1 - r);
  if (schedule == "sigmoid") {
    auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
    const double start = sigmoid(-3), end = sigmoid(3);
    return clamped((end - sigmoid(6 * r - 3)) / (end - start));
  }
  if (schedule.starts_with("pow") && schedule.size() > 3) {
    char* end = nullptr;
    const double exponent = std::strtod(schedule.c_str() + 3, &end);
    if (*end == '\0' && std::isfinite(exponent) && exponent > 0)
      return clamped(1 - std::pow(r, exponent));
  }
  fail("mask schedule '{}': expected cosine, linear, powX (such as pow2) or sigmoid", schedule);
}

}  // namespace showo
