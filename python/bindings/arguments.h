// What Python hands over, as C++ takes it: exact types, ranges as the options' tables state them,
// errors that name the argument.
#pragma once

#include <nanobind/nanobind.h>

#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "showo/error.h"
#include "showo/options.h"

namespace nb = nanobind;

// Functions that take whatever there is take None too, and say themselves what is wrong with it.
template <>
struct nanobind::detail::has_arg_defaults<nanobind::handle> : std::true_type {};
template <>
struct nanobind::detail::has_arg_defaults<nanobind::object> : std::true_type {};

namespace showo::python {

/// Throws TypeError: "n: expected a whole number, found 'two' (str)".
[[noreturn]] void refuse(const std::string& name, const char* expected, nb::handle found);

/// A value for a message, of bounded length, whatever its repr does.
std::string shown(nb::handle value);

/// A Python text; bytes that are no UTF-8 are replaced.
nb::object decoded(const std::string& text);

/// Numbers are numbers, never bools; what does not fit the type or the range is an OptionError.
int64_t signed_number(const std::string& name, nb::handle value, const Range& range);
uint64_t unsigned_number(const std::string& name, nb::handle value, const Range& range);
double real_number(const std::string& name, nb::handle value, const Range& range);
bool truth(const std::string& name, nb::handle value);
/// UTF-8. Throws OptionError for a lone surrogate.
std::string text(const std::string& name, nb::handle value);
/// A list or tuple of texts; a lone text is one of them.
std::vector<std::string> texts(const std::string& name, nb::handle value);

template <class T>
T number(const std::string& name, nb::handle value, const Range& range) {
  const Range fitting = range.within<T>();
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(real_number(name, value, fitting));
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<T>(signed_number(name, value, fitting));
  } else {
    return static_cast<T>(unsigned_number(name, value, fitting));
  }
}
inline uint64_t seed(nb::handle value) { return number<uint64_t>("seed", value, any_number()); }

template <class T>
concept Options = requires {
  &T::template visit<int>;
};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

void check_known(const std::string& where, nb::handle given, const std::vector<std::string>& known);

/// A visitor that fills a struct of options from a dict; `where` is "" or "sampling.".
struct OptionReader {
  nb::dict given;
  std::string where;
  std::vector<std::string> known = {};

  template <class T>
  void operator()(T& value, const char* key, const char*, const Range& range = {}) {
    known.emplace_back(key);
    if (!given.contains(key)) return;
    read(value, where + key, nb::object(given[key]), range);
  }

 private:
  template <class T>
  static void read(T& value, const std::string& name, const nb::object& found, const Range& range) {
    if constexpr (Options<T>) {
      if (!PyDict_Check(found.ptr())) refuse(name, "a dict of options", found);
      OptionReader inner{nb::borrow<nb::dict>(found), name + "."};
      value.visit(inner);
      check_known(name, found, inner.known);
    } else if constexpr (IsOptional<T>::value) {
      if (!found.is_none()) read(value.emplace(), name, found, range);
    } else if constexpr (std::is_same_v<T, bool>) {
      value = truth(name, found);
    } else if constexpr (std::is_same_v<T, std::string>) {
      value = text(name, found);
    } else {
      value = number<T>(name, found, range);
    }
  }
};

/// Fills the structs, each with its keys; a key that none has is a TypeError.
template <class... T>
void read_options(const nb::dict& given, T&... options) {
  OptionReader reader{given, ""};
  (options.visit(reader), ...);
  check_known("", given, reader.known);
}

}  // namespace showo::python
