#include "showo/benchmarks/python_text.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "showo/core/utf8.h"

namespace showo::python {
namespace {

// Most text is; Unicode's tables are slow to ask.
bool is_ascii(char32_t character) { return character < 128; }

auto category(char32_t character) { return utf8proc_category(static_cast<int32_t>(character)); }

// Unicode's Cased and Case_Ignorable, as far as utf8proc tells them.
bool has_case(char32_t c) {
  const auto kind = category(c);
  const auto code = static_cast<int32_t>(c);
  return kind == UTF8PROC_CATEGORY_LU || kind == UTF8PROC_CATEGORY_LL ||
         kind == UTF8PROC_CATEGORY_LT || utf8proc_isupper(code) || utf8proc_islower(code);
}

bool is_case_ignorable(char32_t c) {
  constexpr std::u32string_view kSigns =
      U"'.:\u00b7\u0387\u055f\u05f4\u2018\u2019\u2024\u2027"
      U"\ufe13\ufe52\ufe55\uff07\uff0e\uff1a";
  switch (category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return kSigns.find(c) != std::u32string_view::npos;
  }
}

// Whether the Σ at `at` ends a word: a letter stands before it and none after.
bool ends_word(const std::u32string& text, size_t at) {
  size_t before = at, after = at + 1;
  while (before > 0 && is_case_ignorable(text[before - 1])) --before;
  while (after < text.size() && is_case_ignorable(text[after])) ++after;
  return before > 0 && has_case(text[before - 1]) &&
         (after == text.size() || !has_case(text[after]));
}

// What float() reads: digits and spaces of other scripts as ASCII, no space around.
std::string ascii_number(std::string_view text) {
  constexpr char kSpaces[] = " \t\n\v\f\r";
  std::string ascii;
  for (const char32_t c : characters(text)) {
    const int digit = digit_value(c);
    ascii += is_ascii(c)   ? static_cast<char>(c)
             : digit >= 0  ? static_cast<char>('0' + digit)
             : is_space(c) ? ' '
                           : '?';
  }
  ascii.erase(0, ascii.find_first_not_of(kSpaces));
  ascii.erase(ascii.find_last_not_of(kSpaces) + 1);
  return ascii;
}

// Underscores may stand between digits only.
bool without_underscores(std::string& number) {
  for (size_t i = 0; i < number.size(); ++i) {
    auto is_digit_at = [&](size_t at) { return at < number.size() && std::isdigit(number[at]); };
    if (number[i] == '_' && !(i > 0 && is_digit_at(i - 1) && is_digit_at(i + 1))) return false;
  }
  std::erase(number, '_');
  return true;
}

}  // namespace

std::u32string characters(std::string_view text) {
  std::u32string result;
  for (size_t at = 0; at < text.size();) {
    if (is_ascii(static_cast<unsigned char>(text[at]))) {
      result += static_cast<char32_t>(text[at++]);
      continue;
    }
    int32_t character = 0xFFFD;
    const size_t length = utf8_length(text.substr(at));
    if (length > 0)
      utf8proc_iterate(reinterpret_cast<const uint8_t*>(text.data() + at),
                       static_cast<utf8proc_ssize_t>(length), &character);
    result += static_cast<char32_t>(character);
    at += std::max<size_t>(length, 1);
  }
  return result;
}

std::string utf8(std::u32string_view characters) {
  std::string text;
  for (const char32_t character : characters) {
    if (is_ascii(character)) {
      text += static_cast<char>(character);
      continue;
    }
    uint8_t bytes[4];
    const auto length = utf8proc_encode_char(static_cast<int32_t>(character), bytes);
    text.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
  }
  return text;
}

std::string first_characters(std::string_view text, size_t count) {
  return utf8(std::u32string_view(characters(text)).substr(0, count));
}

bool is_space(char32_t c) {
  if (is_ascii(c)) return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
  return c == 0x85 || c == 0x2028 || c == 0x2029 || category(c) == UTF8PROC_CATEGORY_ZS;
}

bool is_digit(char32_t c) {
  return is_ascii(c) ? c >= '0' && c <= '9' : category(c) == UTF8PROC_CATEGORY_ND;
}

// Unicode has the digits of every script in one run from 0 to 9, or in several runs that touch.
int digit_value(char32_t c) {
  if (!is_digit(c)) return -1;
  char32_t zero = c;
  while (is_digit(zero - 1)) --zero;
  return static_cast<int>((c - zero) % 10);
}

std::string strip(std::string_view text) {
  const std::u32string all = characters(text);
  size_t begin = 0, end = all.size();
  while (begin < end && is_space(all[begin])) ++begin;
  while (end > begin && is_space(all[end - 1])) --end;
  return utf8(std::u32string_view(all).substr(begin, end - begin));
}

std::string_view strip(std::string_view text, char c) {
  while (text.starts_with(c)) text.remove_prefix(1);
  return rstrip(text, c);
}

std::string_view rstrip(std::string_view text, char c) {
  while (text.ends_with(c)) text.remove_suffix(1);
  return text;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> result;
  std::u32string word;
  auto end_word = [&] {
    if (!word.empty()) result.push_back(utf8(word));
    word.clear();
  };
  for (const char32_t c : characters(text)) is_space(c) ? end_word() : word.push_back(c);
  end_word();
  return result;
}

std::vector<std::string> split(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  for (size_t at; (at = text.find(separator)) != std::string_view::npos;) {
    parts.emplace_back(text.substr(0, at));
    text.remove_prefix(at + separator.size());
  }
  parts.emplace_back(text);
  return parts;
}

std::string replace(std::string_view text, std::string_view from, std::string_view to) {
  return fmt::format("{}", fmt::join(split(text, from), to));
}

std::string lower(std::string_view text) {
  const std::u32string upper = characters(text);
  std::u32string small;
  for (size_t i = 0; i < upper.size(); ++i) {
    if (is_ascii(upper[i])) {
      small += upper[i] >= 'A' && upper[i] <= 'Z' ? upper[i] + ('a' - 'A') : upper[i];
    } else if (upper[i] == U'İ') {
      small += U"i\u0307";
    } else if (upper[i] == U'Σ') {
      small += ends_word(upper, i) ? U'ς' : U'σ';
    } else {
      small += static_cast<char32_t>(utf8proc_tolower(static_cast<int32_t>(upper[i])));
    }
  }
  return utf8(small);
}

std::vector<std::string> lines(std::string_view text) {
  std::vector<std::string> result;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of("\r\n"), text.size());
    result.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
    if (!text.empty()) text.remove_prefix(text.starts_with("\r\n") ? 2 : 1);
  }
  return result;
}

std::optional<double> to_float(std::string_view text) {
  std::string number = ascii_number(text);
  if (!without_underscores(number)) return std::nullopt;
  if (number.starts_with('+') && !number.starts_with("+-")) number.erase(0, 1);
  if (number.find('(') != std::string::npos) return std::nullopt;  // from_chars knows nan(…)
  double value = 0;
  const char* const end = number.data() + number.size();
  const auto [stop, error] = std::from_chars(number.data(), end, value);
  if (stop != end || error == std::errc::invalid_argument) return std::nullopt;
  // Too large or too small for a double: infinite or (nearly) zero, as strtod has it.
  return error == std::errc() ? value : std::strtod(number.c_str(), nullptr);
}

double round(double value, int digits) {
  if (!std::isfinite(value)) return value;
  return std::strtod(fmt::format("{:.{}f}", value, digits).c_str(), nullptr);
}

}  // namespace showo::python
