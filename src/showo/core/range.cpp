#include "showo/range.h"

#include <fmt/format.h>

namespace showo {
namespace {

std::string shown(long double end) {
  return end == std::trunc(end) && std::abs(end) < 1e20L ? fmt::format("{:.0f}", end)
                                                         : fmt::format("{:g}", end);
}

}  // namespace

std::string Range::text() const {
  if (!std::isfinite(low)) return std::isfinite(high) ? "at most " + shown(high) : "any number";
  if (!std::isfinite(high)) return (open ? "above " : "at least ") + shown(low);
  return (open ? "above " : "") + shown(low) + " to " + shown(high);
}

}  // namespace showo
