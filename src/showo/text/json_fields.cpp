#include "showo/text/json_fields.h"

#include <algorithm>

namespace showo {
namespace {

using config_detail::shown;

// The key's value, or null; throws Error when `json` has no keys.
const Json& value_or_null(const Json& json, const char* key, const std::string& where) {
  static const Json null;
  if (!json.is_object()) fail("{}: expected keys and values, found {}", where, shown(json));
  const auto found = json.find(key);
  return found == json.end() ? null : *found;
}

}  // namespace

std::string text_of(const Json& json, const char* key, const std::string& where) {
  const Json& value = value_or_null(json, key, where);
  if (value.is_null()) return "";
  if (!value.is_string()) fail("{}: {}: expected text, found {}", where, key, shown(value));
  return value.get<std::string>();
}

bool flag_of(const Json& json, const char* key, bool absent, const std::string& where) {
  const Json& value = value_or_null(json, key, where);
  if (value.is_null()) return absent;
  if (!value.is_boolean()) {
    fail("{}: {}: expected true or false, found {}", where, key, shown(value));
  }
  return value.get<bool>();
}

const Json& field(const Json& json, const char* key, const std::string& where) {
  if (!json.is_object() || !json.contains(key)) fail("{}: '{}' is missing", where, key);
  return json[key];
}

int64_t id_from(const Json& id, const std::string& token, const std::string& where) {
  if (!id.is_number_unsigned()) fail("{}: '{}': expected an id, found {}", where, token, shown(id));
  return id.get<int64_t>();
}

void refuse_flags(const Json& json, std::initializer_list<const char*> keys,
                  const std::string& where) {
  for (const char* key : keys) {
    if (flag_of(json, key, false, where)) fail("{}: {} is not supported", where, key);
  }
}

void refuse_other_keys(const Json& json, std::initializer_list<std::string_view> known,
                       const std::string& where) {
  for (const auto& [key, value] : json.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      fail("{}: {} is not supported", where, key);
    }
  }
}

}  // namespace showo
