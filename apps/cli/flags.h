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

/// A field's flag: "mask_schedule" → "--mask-schedule".
inline std::string flag_name(std::string key) {
  std::replace(key.begin(), key.end(), '_', '-');
  return "--" + key;
}

struct FlagVisitor {
  CLI::App& app;
  template <class T>
  void operator()(T& value, const char* key, const char* help) {
    auto* option = app.add_option(flag_name(key), value, help)->capture_default_str();
    if constexpr (std::is_same_v<T, uint64_t>) option->check(kUnsigned);
  }
};

template <class Options>
void add_flags(CLI::App& app, Options& options) {
  FlagVisitor visitor{app};
  options.visit(visitor);
}

}  // namespace showo::cli
