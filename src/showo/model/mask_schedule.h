// How many tokens stay masked: the schedules of MaskGIT (arXiv 2202.04200, section 3.3).
#pragma once

#include <string>

namespace showo {

/// r in [0, 1] → share of tokens masked. Names: cosine, linear, powX (pow2, pow0.5), sigmoid.
/// Throws Error on another.
double mask_ratio(const std::string& schedule, double r);

}  // namespace showo
