// Text as Python 3's str has it, for official scripts whose scores depend on it: characters, not
// bytes; Unicode's spaces, digits and small letters. All text is UTF-8; a byte that is none counts
// as U+FFFD.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace showo::python {

std::u32string characters(std::string_view text);
std::string utf8(std::u32string_view characters);
/// text[:count]
std::string first_characters(std::string_view text, size_t count);
/// str.isspace of one character, which is re's \s as well.
bool is_space(char32_t character);
/// str.isdecimal of one character, which is re's \d as well.
bool is_digit(char32_t character);
/// The value of a decimal digit of any script, -1 for what is none.
int digit_value(char32_t character);

/// str.strip()
std::string strip(std::string_view text);
/// str.strip(c) of one ASCII character, str.rstrip(c).
std::string_view strip(std::string_view text, char c);
std::string_view rstrip(std::string_view text, char c);
/// str.split(): the words between any spaces.
std::vector<std::string> words(std::string_view text);
/// str.split(separator)
std::vector<std::string> split(std::string_view text, std::string_view separator);
/// str.replace(from, to)
std::string replace(std::string_view text, std::string_view from, std::string_view to);
/// str.lower(), Unicode's full mapping: İ becomes two characters, a Σ that ends a word ς.
std::string lower(std::string_view text);
/// The lines of a file opened as text: \n, \r\n and \r end one, and the text after the last is one
/// if there is any. Without these ends.
std::vector<std::string> lines(std::string_view text);

/// float(text); nothing where that raises a ValueError.
std::optional<double> to_float(std::string_view text);
/// round(value, digits): what is nearest in exact arithmetic, of two the even one.
double round(double value, int digits);

}  // namespace showo::python
