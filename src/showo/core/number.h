// Numbers as people write them, the same on the command line and in recipes.
#pragma once

#include <charconv>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace showo {

/// `text` as a decimal number: a sign, digits and, unless T is a whole number's type, a point and
/// an exponent. 010 is ten; 0x10, 1_000, inf and nan are no numbers. Returns errc() when `value`
/// was set, invalid_argument when it is no number, result_out_of_range when T cannot hold it.
template <class T>
std::errc read_number(std::string_view text, T& value) {
  constexpr std::string_view kCharacters =
      std::is_integral_v<T> ? "+-0123456789" : "+-.0123456789eE";
  if (text.starts_with('+')) text.remove_prefix(text.starts_with("+-") ? text.size() : 1);
  if (text.find_first_not_of(kCharacters) != std::string_view::npos)
    return std::errc::invalid_argument;
  // An unsigned type knows no sign: -1 is a number all the same.
  if (std::is_unsigned_v<T> && text.starts_with('-')) {
    long long negative = 0;
    const std::errc error = read_number(text, negative);
    if (error == std::errc::invalid_argument || negative < 0)
      return error == std::errc() ? std::errc::result_out_of_range : error;
    text.remove_prefix(1);
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return end == text.data() + text.size() ? error : std::errc::invalid_argument;
}

}  // namespace showo
