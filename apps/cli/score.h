// How scores of benchmarks are reported: as JSON, or as lines with what was published beside.
#pragma once

#include <optional>
#include <string>

#include "showo/core/config.h"

namespace showo::cli {

/// The figures under "official…" a line each, "problems" with the first of each, `headline` last;
/// or all of it as JSON.
void print_score(const Json& score, const std::string& headline, bool json);

/// Our figure of a benchmark, if there is one, above the published ones.
std::string published_rows(const std::string& name, const std::optional<double>& ours);

}  // namespace showo::cli
