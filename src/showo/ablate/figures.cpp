#include "showo/ablate/figures.h"

#include <cmath>

namespace showo {
namespace {

// Whether a key is as a pattern with stars says.
bool matches(std::string_view key, std::string_view pattern) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return key == pattern;
  if (!key.starts_with(pattern.substr(0, star))) return false;
  const std::string_view rest = pattern.substr(star + 1);
  for (size_t begin = star; begin <= key.size(); ++begin)
    if (matches(key.substr(begin), rest)) return true;
  return false;
}

// Adds what is found; how many numbers it was.
int add_at(const Json& output, std::string_view path, double& sum) {
  const size_t slash = path.find('/');
  const std::string_view first = path.substr(0, slash);
  if (!output.is_object()) return 0;
  int found = 0;
  for (const auto& [key, value] : output.items()) {
    if (!matches(key, first)) continue;
    if (slash != std::string_view::npos) {
      found += add_at(value, path.substr(slash + 1), sum);
    } else if (value.is_number()) {
      sum += value.get<double>();
      ++found;
    }
  }
  return found;
}

}  // namespace

double sum_at(const Json& output, const std::string& path) {
  double sum = 0;
  if (add_at(output, path, sum) == 0) fail("no number stands at '{}'", path);
  return sum;
}

double figure_in(const Json& output, const Figure& figure) {
  try {
    const double value = sum_at(output, figure.value);
    const double result = figure.of.empty() ? value : 100 * value / sum_at(output, figure.of);
    if (!std::isfinite(result)) fail("is not finite");
    return result;
  } catch (const Error& error) {
    fail("figure '{}': {}", figure.name, error.what());
  }
}

}  // namespace showo
