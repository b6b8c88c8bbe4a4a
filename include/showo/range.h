// The values that a number of a configuration, a recipe, a flag or an option may have, stated
// beside its description.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>

namespace showo {

/// From `low` to `high`, both included unless `open`, which leaves `low` out. A number that is not
/// finite is never inside. (long double holds every 64-bit number exactly.)
struct Range {
  long double low = -std::numeric_limits<long double>::infinity();
  long double high = std::numeric_limits<long double>::infinity();
  bool open = false;

  template <class T>
  bool holds(T value) const {
    const auto wide = static_cast<long double>(value);
    return std::isfinite(wide) && (open ? wide > low : wide >= low) && wide <= high;
  }
  /// Of these, what a whole number's type can hold.
  template <class T>
  Range within() const {
    if constexpr (!std::is_integral_v<T>) return *this;
    using Limits = std::numeric_limits<T>;
    return {std::max<long double>(low, Limits::min()), std::min<long double>(high, Limits::max()),
            open};
  }
  /// "1 to 4096", "at least 0", "above 0", "any number".
  std::string text() const;
};

constexpr Range between(long double low, long double high) { return {low, high, false}; }
constexpr Range at_least(long double low) {
  return {low, std::numeric_limits<long double>::infinity(), false};
}
constexpr Range above(long double low) {
  return {low, std::numeric_limits<long double>::infinity(), true};
}
/// Above `low` to `high`.
constexpr Range above(long double low, long double high) { return {low, high, true}; }
/// A share of something: 0 to 1.
constexpr Range share() { return between(0, 1); }
/// Every number that the type can hold, such as a seed.
constexpr Range any_number() { return {}; }

}  // namespace showo
