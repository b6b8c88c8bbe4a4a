// One description of a configuration serves the command line too: every field of a visitable struct
// becomes a flag.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <string>
#include <type_traits>

#include "showo/core/config.h"
#include "showo/core/files.h"

namespace showo::cli {

// CLI11 lets numbers below and above the type's turn into others.
inline const CLI::Validator kUnsigned(
    [](std::string& text) -> std::string {
      uint64_t value = 0;
      const char* end = text.data() + text.size();
      const auto [parsed, error] = std::from_chars(text.data(), end, value);
      if (error == std::errc() && parsed == end) return {};
      return text + ": expected a whole number from 0 to 18446744073709551615";
    },
    "");

struct FlagVisitor {
  CLI::App& app;
  template <class T>
  void operator()(T& value, const char* key, const char* help) {
    std::string name = key;
    std::replace(name.begin(), name.end(), '_', '-');
    auto* option = app.add_option("--" + name, value, help)->capture_default_str();
    if constexpr (std::is_same_v<T, uint64_t>) option->check(kUnsigned);
  }
};

template <class Options>
void add_flags(CLI::App& app, Options& options) {
  FlagVisitor visitor{app};
  options.visit(visitor);
}

/// What was not given on the command line is taken from sampling.json of the model's folder, where
/// there is one: the values that a model draws best with. Throws Error naming the file and key.
template <class Options>
void take_model_defaults(const CLI::App& command, Options& options, const fs::path& model) {
  const fs::path path = model / "sampling.json";
  if (!fs::exists(path)) return;
  Json values = read_json(path);
  if (!values.is_object()) fail("{}: expected keys and values", path.string());
  const Json given = config_to_json(options);
  for (const auto& [key, value] : given.items()) {
    std::string name = key;
    std::replace(name.begin(), name.end(), '_', '-');
    if (command.get_option("--" + name)->count() > 0 || !values.contains(key)) values[key] = value;
  }
  read_config(options, values, path.string());
}

}  // namespace showo::cli
