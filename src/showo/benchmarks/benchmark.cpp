#include "showo/benchmarks/benchmark.h"

#include "showo/core/error.h"

namespace showo {
namespace {

constexpr size_t kShown = 5;

}  // namespace

void Problems::add(const std::string& kind, const std::string& where) {
  Found& found = found_[kind];
  ++found.count;
  if (found.first.size() < kShown) found.first.push_back(one_line(where));
}

Json Problems::to_json() const {
  Json json = Json::object();
  for (const auto& [kind, found] : found_)
    json[kind] = {{"count", found.count}, {"first", found.first}};
  return json;
}

}  // namespace showo
