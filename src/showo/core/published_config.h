// config.json files as others publish them: they hold many keys that change no numbers, which are
// passed over, and some that ask for other arithmetic, which are refused by name.
#pragma once

#include <string>
#include <vector>

#include "showo/core/config.h"

namespace showo {

/// What `json` says under the keys that `defaults` has, at any depth; a null says nothing.
Json known_keys(const Json& json, const Json& defaults, const std::string& source);

/// Throws Error naming the key unless it is absent, null or one of `values`.
void expect_one_of(const Json& json, const char* key, const std::vector<Json>& values,
                   const std::string& source);

/// A Config from the keys it knows; those absent keep their defaults. Throws Error naming `source`
/// and the key.
template <class Config>
Config read_published(const Json& json, const std::string& source) {
  Config config;
  read_config(config, known_keys(json, config_to_json(config), source), source);
  config.check(source);
  return config;
}

}  // namespace showo
