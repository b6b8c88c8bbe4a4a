// Figures out of what `showo eval … --json` prints.
#pragma once

#include "showo/ablate/study.h"

namespace showo {

/// The sum of the numbers at a path of keys with slashes between them; * stands for any part of a
/// key, and then there may be several: "generated/* thing*/all". Throws Error naming the path when
/// none is there.
double sum_at(const Json& output, const std::string& path);

/// Throws Error naming the figure when it is not there or not finite.
double figure_in(const Json& output, const Figure& figure);

}  // namespace showo
