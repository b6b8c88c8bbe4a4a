// One description of a configuration serves parsing, defaults, help, checks and the saved file: a
// struct has
//   template <class V> void visit(V& v) { v(steps, "steps", "unmasking steps"); v(sampling,
//   "sampling", "…"); }
// and nested structs, numbers, booleans, strings and vectors of these are all it may hold. Unknown
// keys are errors. A struct with read_text(text) may be written as that text alone.
#pragma once

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "showo/core/error.h"
#include "showo/core/files.h"

namespace showo {

using Json = nlohmann::json;

/// YAML (or JSON, which is YAML) as Json; throws Error naming the file and line of a syntax error.
Json parse_yaml(const std::string& text, const std::string& name);
Json read_yaml(const fs::path& path);
/// Strict JSON with a limit on nesting; throws Error naming the file.
Json parse_json(const std::string& text, const std::string& name);
Json read_json(const fs::path& path);

namespace config_detail {

struct NoVisitor {
  template <class T>
  void operator()(T&, const char*, const char*) {}
};
template <class T>
concept Visitable = requires(T& value, NoVisitor& visitor) {
  value.visit(visitor);
};
// A struct that a lone text may stand for: read_text says what it means.
template <class T>
concept ReadsText = requires(T& value, const std::string& text) {
  value.read_text(text);
};

// As text for a message, whatever bytes it holds.
std::string shown(const Json& json);

// `separator` stands between `where` and a key below it.
template <class T>
void assign(T& value, const Json& json, const std::string& where, const char* separator = ".");

struct Reader {
  const Json& json;
  const std::string& where;
  const char* separator;
  std::vector<std::string> known;
  template <class T>
  void operator()(T& value, const char* key, const char*) {
    known.emplace_back(key);
    if (auto it = json.find(key); it != json.end()) assign(value, *it, where + separator + key);
  }
};

struct Writer {
  Json json = Json::object();
  template <class T>
  void operator()(T& value, const char* key, const char*);
};

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

std::string list_keys(const std::vector<std::string>& keys);

template <class T>
void assign(T& value, const Json& json, const std::string& where, const char* separator) {
  if constexpr (Visitable<T>) {
    if constexpr (ReadsText<T>) {
      if (json.is_string()) return value.read_text(json.get_ref<const std::string&>());
    }
    if (!json.is_object()) fail("{}: expected keys and values, found {}", where, shown(json));
    Reader reader{json, where, separator, {}};
    value.visit(reader);
    for (const auto& item : json.items()) {
      if (std::find(reader.known.begin(), reader.known.end(), item.key()) == reader.known.end()) {
        fail("{}: unknown key '{}'; known: {}", where, item.key(), list_keys(reader.known));
      }
    }
  } else if constexpr (IsVector<T>::value) {
    if (!json.is_array()) fail("{}: expected a list, found {}", where, shown(json));
    value.clear();
    for (size_t i = 0; i < json.size(); ++i)
      assign(value.emplace_back(), json[i], fmt::format("{}[{}]", where, i));
  } else if constexpr (IsOptional<T>::value) {
    if (json.is_null()) return value.reset();
    assign(value.emplace(), json, where);
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!json.is_boolean()) fail("{}: expected true or false, found {}", where, shown(json));
    value = json.get<bool>();
  } else if constexpr (std::is_integral_v<T>) {
    if (!json.is_number_integer())
      fail("{}: expected a whole number, found {}", where, shown(json));
    const bool fits = json.is_number_unsigned() ? std::in_range<T>(json.get<uint64_t>())
                                                : std::in_range<T>(json.get<int64_t>());
    if (!fits) {
      fail("{}: expected a whole number from {} to {}, found {}", where,
           +std::numeric_limits<T>::min(), +std::numeric_limits<T>::max(), shown(json));
    }
    value = json.get<T>();
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!json.is_number()) fail("{}: expected a number, found {}", where, shown(json));
    value = json.get<T>();
  } else {
    static_assert(std::is_same_v<T, std::string>,
                  "a configuration holds numbers, booleans, strings, lists and structs");
    if (!json.is_string()) fail("{}: expected text, found {}", where, shown(json));
    value = json.get<std::string>();
  }
}

template <class T>
void Writer::operator()(T& value, const char* key, const char*) {
  if constexpr (Visitable<T>) {
    Writer inner;
    value.visit(inner);
    json[key] = inner.json;
  } else if constexpr (IsVector<T>::value) {
    Json list = Json::array();
    for (auto& element : value) {
      Writer inner;
      inner(element, "_", "");
      list.push_back(inner.json["_"]);
    }
    json[key] = list;
  } else if constexpr (IsOptional<T>::value) {
    if (value) (*this)(*value, key, "");
  } else {
    json[key] = value;
  }
}

}  // namespace config_detail

/// Fills `config` from `json`; keys that are absent keep their defaults. Throws Error naming
/// `source` and the key.
template <class T>
void read_config(T& config, const Json& json, const std::string& source) {
  config_detail::assign(config, json, source, ": ");
}

/// The struct as JSON, every key present.
template <class T>
Json config_to_json(T config) {
  config_detail::Writer writer;
  config.visit(writer);
  return writer.json;
}

}  // namespace showo
