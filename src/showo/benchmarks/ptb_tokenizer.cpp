#include "showo/benchmarks/ptb_tokenizer.h"

#include <utf8proc.h>

#include <algorithm>

#include "showo/benchmarks/ptb_rules.h"
#include "showo/benchmarks/python_text.h"

namespace showo {
namespace {

std::u16string to_utf16(std::string_view text) {
  std::u16string units;
  for (const char32_t character : python::characters(text)) {
    if (character >= 0x10000) units += static_cast<char16_t>(0xD7C0 + (character >> 10));
    units += static_cast<char16_t>(character >= 0x10000 ? 0xDC00 + (character & 0x3FF) : character);
  }
  return units;
}

std::u32string to_utf32(std::u16string_view units) {
  std::u32string characters;
  for (const char16_t unit : units) {
    const bool second = unit >= 0xDC00 && unit <= 0xDFFF && !characters.empty();
    if (second)
      characters.back() = ((characters.back() - 0xD800) << 10) + (unit - 0xDC00) + 0x10000;
    else
      characters += unit;
  }
  return characters;
}

utf8proc_category_t category(char32_t character) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(character));
}

// Chinese and Japanese characters are none to Java's words.
bool is_letter(char32_t c) {
  const bool east_asian =
      (c >= 0x3005 && c <= 0x30FE) || (c >= 0x4E00 && c <= 0x9FA5) || (c >= 0xF900 && c <= 0xFA2D);
  const bool letter = category(c) >= UTF8PROC_CATEGORY_LU && category(c) <= UTF8PROC_CATEGORY_MC;
  return (letter && !east_asian) || c == 0xAD;
}

bool is_number(char32_t c) {
  return category(c) >= UTF8PROC_CATEGORY_ND && category(c) <= UTF8PROC_CATEGORY_NO;
}

bool is_cased(char32_t c) {
  return category(c) >= UTF8PROC_CATEGORY_LU && category(c) <= UTF8PROC_CATEGORY_LT;
}

// Whether no word ends before the i-th character, as Java breaks words: letters and numbers stick
// together, also across a single mark between two letters or two numbers.
bool within_word(std::u32string_view text, size_t i) {
  const auto at = [&](size_t place) { return place < text.size() ? text[place] : U' '; };
  const auto is_mark_between = [&](size_t place) {
    const char32_t mark = at(place), before = at(place - 1), after = at(place + 1);
    const bool quote_or_stop = mark == U'"' || mark == U'\'' || mark == U'.';
    if (is_letter(before) && is_letter(after))
      return quote_or_stop || mark == 0x2027 || category(mark) == UTF8PROC_CATEGORY_PD;
    return is_number(before) && is_number(after) &&
           (quote_or_stop || mark == U',' || mark == 0x066B);
  };
  const auto sticks = [&](size_t place) { return is_letter(at(place)) || is_number(at(place)); };
  return i > 0 && i < text.size() &&
         ((sticks(i - 1) && sticks(i)) || is_mark_between(i) || is_mark_between(i - 1));
}

// A Σ that ends a word is a ς: a letter with a capital stands before it in the word, none after it.
bool is_final(std::u32string_view text, size_t sigma) {
  size_t before = sigma, after = sigma + 1;
  while (within_word(text, before) && !is_cased(text[before - 1])) --before;
  while (within_word(text, after) && !is_cased(text[after])) ++after;
  return within_word(text, before) && !within_word(text, after);
}

// Small letters as Unicode's special casing has them: an İ keeps its point.
std::string lower_case(std::u16string_view token) {
  const std::u32string characters = to_utf32(token);
  std::u32string lower;
  for (size_t i = 0; i < characters.size(); ++i) {
    const char32_t c = characters[i];
    const bool final_sigma = c == U'Σ' && is_final(characters, i);
    lower += final_sigma ? U'ς' : utf8proc_tolower(static_cast<utf8proc_int32_t>(c));
    if (c == U'İ') lower += U'\u0307';
  }
  return python::utf8(lower);
}

// What the official program writes: a line for each of the text's, tokens between single spaces.
std::string tokenized_lines(const std::string& utf8) {
  const std::vector<PtbRule> rules = ptb_rules();
  std::vector<Lexer::Rule> scanned;
  for (const PtbRule& rule : rules) scanned.push_back({rule.token, rule.before});
  Lexer lexer(scanned);

  const std::u16string text = to_utf16(utf8);
  std::string lines;
  bool line_begins = true;
  for (std::u16string_view rest = text; !rest.empty();) {
    const auto match = lexer.longest(rest);
    // What no rule knows, emoji above all, vanishes.
    const PtbReading reading =
        match ? rules[match->rule].read(rest.substr(0, match->length)) : PtbReading{u"", 1};
    rest.remove_prefix(reading.length);
    if (reading.token.empty()) continue;
    if (reading.token == u"\n") {
      lines += '\n';
      line_begins = true;
      continue;
    }
    if (!line_begins) lines += ' ';
    lines += lower_case(reading.token);
    line_begins = false;
  }
  return lines;
}

bool is_punctuation(std::string_view token) {
  constexpr std::string_view kDropped[] = {"''", "'", "``", "`",  ".",   "?", "!",
                                           ",",  ":", "-",  "--", "...", ";"};
  return std::find(std::begin(kDropped), std::end(kDropped), token) != std::end(kDropped);
}

// Space at the line's end is stripped also where it belongs to the last token.
std::vector<std::string> tokens_of(std::string_view line) {
  std::u32string stripped = python::characters(line);
  while (!stripped.empty() && python::is_space(stripped.back())) stripped.pop_back();
  if (stripped.empty()) return {};
  auto tokens = python::split(python::utf8(stripped), " ");
  std::erase_if(tokens, is_punctuation);
  return tokens;
}

}  // namespace

std::vector<std::vector<std::string>> ptb_tokenize(const std::vector<std::string>& captions) {
  std::string text;
  for (size_t i = 0; i < captions.size(); ++i) {
    if (i > 0) text += '\n';
    std::string caption = captions[i];
    std::replace(caption.begin(), caption.end(), '\n', ' ');
    text += caption;
  }
  const std::string lines = tokenized_lines(text);
  std::vector<std::vector<std::string>> tokens;
  std::string_view rest = lines;
  for (size_t i = 0; i < captions.size(); ++i) {
    const auto line = rest.substr(0, rest.find('\n'));
    tokens.push_back(tokens_of(line));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return tokens;
}

}  // namespace showo
