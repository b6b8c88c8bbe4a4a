// One description of a configuration serves parsing, defaults, help, checks and the saved file: a
// struct has
//   template <class V> void visit(V& v) {
//     v(steps, "steps", "unmasking steps", between(1, 4096));
//     v(sampling, "sampling", "…");
//   }
// and nested structs, numbers, booleans, strings and vectors of these are all it may hold. Every
// number (and every number of a list) has a range: leaving it out does not compile. Unknown keys
// and numbers out of range are errors. A struct with read_text(text) may be written as that text
// alone.
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
#include "showo/range.h"

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
  void operator()(T&, const char*, const char*, const Range& = {}) {}
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

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

// A number, or a list or an optional of numbers: what must say its range.
template <class T>
struct HoldsNumber : std::bool_constant<std::is_arithmetic_v<T> && !std::is_same_v<T, bool>> {};
template <class T>
struct HoldsNumber<std::vector<T>> : HoldsNumber<T> {};
template <class T>
struct HoldsNumber<std::optional<T>> : HoldsNumber<T> {};

// What a visitor does with a field, and that a number's range is not forgotten.
template <class Visitor>
struct Fields {
  template <class T>
  void operator()(T& value, const char* key, const char* help) {
    static_assert(!HoldsNumber<T>::value, "a number needs its range: between(…), at_least(…), …");
    static_cast<Visitor*>(this)->field(value, key, help, Range());
  }
  template <class T>
  void operator()(T& value, const char* key, const char* help, const Range& range) {
    static_assert(HoldsNumber<T>::value, "only numbers have a range");
    static_cast<Visitor*>(this)->field(value, key, help, range);
  }
};

// As text for a message, whatever bytes it holds.
std::string shown(const Json& json);

// `separator` stands between `where` and a key below it.
template <class T>
void assign(T& value, const Json& json, const std::string& where, const char* separator = ".",
            const Range& range = {});

struct Reader : Fields<Reader> {
  Reader(const Json& json, const std::string& where, const char* separator)
      : json(json), where(where), separator(separator) {}
  const Json& json;
  const std::string& where;
  const char* separator;
  std::vector<std::string> known;
  template <class T>
  void field(T& value, const char* key, const char*, const Range& range) {
    known.emplace_back(key);
    if (auto it = json.find(key); it != json.end())
      assign(value, *it, where + separator + key, ".", range);
  }
};

struct Writer : Fields<Writer> {
  Json json = Json::object();
  template <class T>
  void field(T& value, const char* key, const char*, const Range&);
};

// Calls `found(key, range, value)` with every number that is out of its range.
template <class Found>
struct RangeChecker : Fields<RangeChecker<Found>> {
  RangeChecker(const Found& found, std::string where) : found(found), where(std::move(where)) {}
  const Found& found;
  std::string where;
  template <class T>
  void field(T& value, const std::string& key, const char*, const Range& range) {
    const std::string name = where.empty() ? key : where + "." + key;
    if constexpr (Visitable<T>) {
      RangeChecker inner(found, name);
      value.visit(inner);
    } else if constexpr (IsVector<T>::value) {
      for (size_t i = 0; i < value.size(); ++i)
        if constexpr (!std::is_same_v<typename T::value_type, bool>)
          field(value[i], fmt::format("{}[{}]", key, i), "", range);
    } else if constexpr (IsOptional<T>::value) {
      if (value) field(*value, key, "", range);
    } else if constexpr (HoldsNumber<T>::value) {
      if (!range.holds(value)) found(name, range, fmt::format("{}", value));
    }
  }
};

std::string list_keys(const std::vector<std::string>& keys);

template <class T>
void assign(T& value, const Json& json, const std::string& where, const char* separator,
            const Range& range) {
  if constexpr (Visitable<T>) {
    if constexpr (ReadsText<T>) {
      if (json.is_string()) return value.read_text(json.get_ref<const std::string&>());
    }
    if (!json.is_object()) fail("{}: expected keys and values, found {}", where, shown(json));
    Reader reader(json, where, separator);
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
      assign(value.emplace_back(), json[i], fmt::format("{}[{}]", where, i), ".", range);
  } else if constexpr (IsOptional<T>::value) {
    if (json.is_null()) return value.reset();
    assign(value.emplace(), json, where, ".", range);
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
    if (!range.holds(value)) fail("{}: expected {}, found {}", where, range.text(), value);
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!json.is_number()) fail("{}: expected a number, found {}", where, shown(json));
    value = json.get<T>();
    if (!range.holds(value)) fail("{}: expected {}, found {}", where, range.text(), value);
  } else {
    static_assert(std::is_same_v<T, std::string>,
                  "a configuration holds numbers, booleans, strings, lists and structs");
    if (!json.is_string()) fail("{}: expected text, found {}", where, shown(json));
    value = json.get<std::string>();
  }
}

template <class T>
void Writer::field(T& value, const char* key, const char*, const Range&) {
  if constexpr (Visitable<T>) {
    Writer inner;
    value.visit(inner);
    json[key] = inner.json;
  } else if constexpr (IsVector<T>::value) {
    Json list = Json::array();
    for (auto& element : value) {
      Writer inner;
      inner.field(element, "_", "", {});
      list.push_back(inner.json["_"]);
    }
    json[key] = list;
  } else if constexpr (IsOptional<T>::value) {
    if (value) field(*value, key, "", {});
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

/// Throws E, an Error, naming `source` and the first number that is out of its range: for
/// configurations that were filled by a program instead of a file.
template <class E = Error, class T>
void check_ranges(T config, const std::string& source) {
  const auto found = [&](const std::string& key, const Range& range, const std::string& value) {
    throw E(fmt::format("{}: {}: expected {}, found {}", source, key, range.text(), value));
  };
  config_detail::RangeChecker checker(found, "");
  config.visit(checker);
}

/// The struct as JSON, every key present.
template <class T>
Json config_to_json(T config) {
  config_detail::Writer writer;
  config.visit(writer);
  return writer.json;
}

}  // namespace showo
