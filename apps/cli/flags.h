// One description of a configuration serves the command line too: every field of a visitable struct
// becomes a flag.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <type_traits>

#include "showo/core/config.h"
#include "showo/core/files.h"
#include "showo/core/number.h"

namespace showo::cli {

/// How the number of flag `name` is read: decimal, whole where the type is, within its range;
/// throws UsageError. (CLI11 itself takes 010 for eight and lets numbers beyond the type's turn
/// into others.)
template <class T>
CLI::Validator number_in(const std::string& name, const Range& range) {
  const std::string shown = name.substr(0, name.find(','));
  return CLI::Validator(
      [=](std::string& text) -> std::string {
        T value{};
        const std::errc error = read_number(text, value);
        const bool is_number = error != std::errc::invalid_argument;
        if (error != std::errc() || !range.holds(value)) {
          const char* kind = is_number               ? ""
                             : std::is_integral_v<T> ? "a whole number, "
                                                     : "a number, ";
          throw UsageError(
              fmt::format("{} {}: expected {}{}", shown, text, kind, range.within<T>().text()));
        }
        text = fmt::format("{}", value);
        return {};
      },
      "");
}

/// A flag for a number.
template <class T>
CLI::Option* add_number(CLI::App& app, const std::string& name, T& value, const std::string& help,
                        const Range& range) {
  return app.add_option(name, value, help)
      ->transform(number_in<T>(name, range))
      ->capture_default_str();
}

/// A field's flag: "mask_schedule" → "--mask-schedule".
inline std::string flag_name(std::string key) {
  std::replace(key.begin(), key.end(), '_', '-');
  return "--" + key;
}

struct FlagVisitor : config_detail::Fields<FlagVisitor> {
  explicit FlagVisitor(CLI::App& app, std::string prefix = {})
      : app(app), prefix(std::move(prefix)) {}
  CLI::App& app;
  std::string prefix;  // of the fields of a struct inside: "limit_" and "steps" give --limit-steps
  template <class T>
  void field(T& value, const std::string& key, const char* help, const Range& range) {
    const std::string name = flag_name(prefix + key);
    if constexpr (config_detail::Visitable<T>) {
      FlagVisitor inside(app, prefix + key + "_");
      value.visit(inside);
    } else if constexpr (config_detail::HoldsNumber<T>::value) {
      add_number(app, name, value, help, range);
    } else if constexpr (std::is_same_v<T, bool>) {
      app.add_flag(name, value, help);
    } else if constexpr (config_detail::IsVector<T>::value) {
      app.add_option(name, value, help)->allow_extra_args(false);
    } else {
      app.add_option(name, value, help)->capture_default_str();
    }
  }
};

template <class Options>
void add_flags(CLI::App& app, Options& options) {
  FlagVisitor visitor(app);
  options.visit(visitor);
}

}  // namespace showo::cli
