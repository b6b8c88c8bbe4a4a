// What is wrong with one option of a request. The library names it as its structs do; a command
// line makes a flag of the name ("--steps 257: …"), a server the request's parameter.
#pragma once

#include <string>
#include <utility>

#include "showo/core/config.h"

namespace showo {

class OptionError : public UsageError {
 public:
  /// "steps 257: expected 1 to 256".
  OptionError(std::string option, const std::string& found, const std::string& problem)
      : UsageError(fmt::format("{} {}: {}", option, found, problem)), option_(std::move(option)) {}
  OptionError(std::string option, const std::string& problem)
      : UsageError(fmt::format("{}: {}", option, problem)), option_(std::move(option)) {}
  /// With which what() begins.
  const std::string& option() const { return option_; }

 private:
  std::string option_;
};

/// Throws OptionError for the first number of `options` that is out of its range.
template <class T>
void check_options(T options) {
  const auto found = [](const std::string& key, const Range& range, const std::string& value) {
    throw OptionError(key, value, "expected " + range.text());
  };
  config_detail::RangeChecker checker(found, "");
  options.visit(checker);
}

}  // namespace showo
