#include "showo/core/published_config.h"

#include <algorithm>

namespace showo {

Json known_keys(const Json& json, const Json& defaults, const std::string& source) {
  if (!json.is_object())
    fail("{}: expected keys and values, found {}", source, config_detail::shown(json));
  Json known = Json::object();
  for (const auto& [key, value] : defaults.items()) {
    const auto found = json.find(key);
    if (found == json.end() || found->is_null()) continue;
    known[key] = value.is_object() ? known_keys(*found, value, source + ": " + key) : *found;
  }
  return known;
}

void expect_one_of(const Json& json, const char* key, const std::vector<Json>& values,
                   const std::string& source) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null() || std::ranges::find(values, *found) != values.end())
    return;
  fail("{}: {}: only {} is supported, found {}", source, key,
       Json(values.size() == 1 ? values[0] : Json(values)).dump(), config_detail::shown(*found));
}

}  // namespace showo
