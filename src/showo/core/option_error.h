// Options of a request against the ranges that their struct states.
#pragma once

#include <string>

#include "showo/core/config.h"

namespace showo {

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
