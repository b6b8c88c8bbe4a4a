// Configurations that people write in YAML, which has no types of its own: what a plain scalar
// means depends on what is wanted. A folder named 2024, a name `true` or `~` are the text that was
// written; a JSON value could not hold both that and the number.
#pragma once

#include <set>

#include "showo/core/config.h"

namespace showo {

/// Keys whose values are text, as a path: "data.t2i.path", "prompts[]".
using TextKeys = std::set<std::string>;

/// As parse_yaml of config.h, with plain scalars at `texts` as they were written.
Json parse_yaml(const std::string& text, const std::string& name, const TextKeys& texts);
Json read_yaml(const fs::path& path, const TextKeys& texts);

namespace config_detail {

struct TextKeyFinder : Fields<TextKeyFinder> {
  std::string where;
  TextKeys keys;
  template <class T>
  void field(T& value, const std::string& key, const char*, const Range&) {
    add(value, where.empty() ? key : where + "." + key);
  }
  template <class T>
  void add(T& value, const std::string& key) {
    if constexpr (std::is_same_v<T, std::string> || ReadsText<T>) keys.insert(key);
    if constexpr (Visitable<T>) {
      const std::string outer = std::exchange(where, key);
      value.visit(*this);
      where = outer;
    } else if constexpr (IsVector<T>::value) {
      typename T::value_type element{};
      add(element, key + "[]");
    }
  }
};

}  // namespace config_detail

/// The keys of T's texts.
template <class T>
TextKeys text_keys() {
  T config;
  config_detail::TextKeyFinder finder;
  config.visit(finder);
  return finder.keys;
}

/// Fills `config` from a YAML file, as read_config does.
template <class T>
void read_yaml_config(T& config, const fs::path& path) {
  read_config(config, read_yaml(path, text_keys<T>()), path.string());
}

}  // namespace showo
