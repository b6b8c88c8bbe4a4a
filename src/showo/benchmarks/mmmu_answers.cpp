#define PCRE2_CODE_UNIT_WIDTH 8
#include "showo/benchmarks/mmmu_answers.h"

#include <pcre2.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <set>

#include "showo/benchmarks/python_text.h"
#include "showo/core/error.h"

namespace showo {
namespace {

using TextOf = std::function<std::string(const std::string& letter)>;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Of those letters whose `wanted` stands in the text the one whose `placed` stands there last, the
// first of them where that stands nowhere.
std::optional<std::string> last_found(const std::string& text,
                                      const std::vector<std::string>& letters, const TextOf& wanted,
                                      const TextOf& placed) {
  std::optional<std::string> last;
  size_t last_place = 0;  // one more than rfind's, which is npos for nowhere
  for (const std::string& letter : letters) {
    if (!contains(text, wanted(letter))) continue;
    const size_t place = text.rfind(placed(letter)) + 1;
    if (last && place <= last_place) continue;
    last = letter;
    last_place = place;
  }
  return last;
}

std::optional<std::string> last_option(const std::string& text, const MmmuChoices& choices) {
  std::optional<std::string> last;
  size_t last_place = 0;
  for (const auto& [letter, option] : choices.options) {
    const size_t place = text.rfind(python::lower(option));
    if (place == std::string::npos || (last && place <= last_place)) continue;
    last = letter;
    last_place = place;
  }
  return last;
}

std::optional<std::string> choice(std::string_view response, const MmmuChoices& choices,
                                  bool lmms_eval) {
  for (const char sign : std::string_view(",.!?;:'")) response = python::strip(response, sign);
  const std::string text = fmt::format(" {} ", response);
  const TextOf bracketed = [](auto& letter) { return "(" + letter + ")"; };
  const TextOf alone = [](auto& letter) { return " " + letter + " "; };
  const TextOf before_space = [](auto& letter) { return letter + " "; };
  const TextOf before_period = [](auto& letter) { return letter + "."; };

  auto found = last_found(text, choices.letters, bracketed, bracketed);
  if (!found) found = last_found(text, choices.letters, lmms_eval ? before_space : alone, alone);
  if (!found && lmms_eval) found = last_found(text, choices.letters, before_period, alone);
  if (!found && python::words(text).size() > 5) found = last_option(python::lower(text), choices);
  return found;
}

// re.findall of a pattern that has no groups and finds no empty text.
class AnswerPattern {
 public:
  explicit AnswerPattern(const std::string& pattern) {
    int error = 0;
    PCRE2_SIZE offset = 0;
    code_.reset(pcre2_compile(units(pattern), pattern.size(), PCRE2_UTF | PCRE2_UCP, &error,
                              &offset, nullptr));
    if (!code_) fail("MMMU: pattern '{}': PCRE2's error {} at {}", pattern, error, offset);
  }
  void find_all(const std::string& text, std::vector<std::string>& found) const {
    const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> match(
        pcre2_match_data_create_from_pattern(code_.get(), nullptr), &pcre2_match_data_free);
    const PCRE2_SIZE* range = pcre2_get_ovector_pointer(match.get());
    for (size_t at = 0;; at = range[1]) {
      const int result = pcre2_match(code_.get(), units(text), text.size(), at, PCRE2_NO_UTF_CHECK,
                                     match.get(), nullptr);
      if (result == PCRE2_ERROR_NOMATCH) return;
      if (result < 0) fail("MMMU: a response is too long to look for numbers in");
      found.push_back(text.substr(range[0], range[1] - range[0]));
    }
  }

 private:
  static PCRE2_SPTR units(const std::string& text) {
    return reinterpret_cast<PCRE2_SPTR>(text.data());
  }
  std::unique_ptr<pcre2_code, decltype(&pcre2_code_free)> code_{nullptr, &pcre2_code_free};
};

// Numbers with commas for thousands, then with exponents, then others: 1,234.5 is 1234 and 234.5.
// A word's end is written as what may not follow, for \w differs between PCRE2 and Python.
std::vector<std::string> numbers_in(const std::string& text) {
  static const AnswerPattern kPatterns[] = {
      AnswerPattern(R"(-?(?<![\p{L}\p{N}_])\d{1,3}(?:,\d{3})+(?![\p{L}\p{N}_]))"),
      AnswerPattern(R"(-?\d+(?:\.\d+)?[eE][+-]?\d+)"),
      AnswerPattern(R"(-?(?:\d+\.\d+|\.\d+|\d+(?![\p{L}\p{N}_]))(?![eE][+-]?\d+)(?![,\d]))")};
  std::vector<std::string> numbers;
  for (const AnswerPattern& pattern : kPatterns) pattern.find_all(text, numbers);
  return numbers;
}

// The shortest tail of a line after a word that announces the answer; empty where there is none.
std::string announced(const std::string& line, bool is_last) {
  std::vector<std::string> words = {"could be ",  "so ",    "is ",     "thus ",
                                    "therefore ", "final ", "answer ", "result "};
  if (is_last) words.push_back("=");
  std::string shortest;
  for (const std::string& word : words) {
    if (!contains(line, word)) continue;
    const std::string tail = python::strip(python::split(line, word).back());
    if (shortest.empty() || python::characters(tail).size() < python::characters(shortest).size())
      shortest = tail;
  }
  return shortest.size() == 1 && contains(":,.!?;'", shortest) ? "" : shortest;
}

// Sentences are meant to be parts too, but a capital begins none once all is lower case.
std::vector<std::string> key_parts(const std::string& response) {
  const std::string text = python::lower(python::strip(python::strip(response), '.'));
  const auto lines = python::split(text, "\n");
  std::vector<std::string> parts;
  for (size_t i = 0; i < lines.size(); ++i)
    if (std::string part = announced(lines[i], i + 1 == lines.size()); !part.empty())
      parts.push_back(std::move(part));
  return parts.empty() ? std::vector{text} : parts;
}

}  // namespace

std::optional<std::string> mmmu_choice(const std::string& response, const MmmuChoices& choices) {
  return choice(response, choices, false);
}

std::optional<std::string> mmmu_choice_lmms_eval(const std::string& response,
                                                 const MmmuChoices& choices) {
  return choice(python::strip(response), choices, true);
}

std::vector<MmmuGuess> mmmu_guesses(const std::string& response) {
  std::vector<std::string> texts = key_parts(response);
  for (size_t i = 0, parts = texts.size(); i < parts; ++i)
    for (std::string& number : numbers_in(texts[i])) texts.push_back(std::move(number));
  std::vector<MmmuGuess> guesses;
  std::set<MmmuGuess> seen;
  for (const std::string& text : texts) {
    for (MmmuGuess& guess : mmmu_truth(text)) {
      // NaN is never the same as another, here and in Python, and has no place in an order.
      if (guess == guess && !seen.insert(guess).second) continue;
      guesses.push_back(std::move(guess));
    }
  }
  return guesses;
}

std::vector<MmmuGuess> mmmu_truth(const std::string& answer) {
  const std::string text = python::strip(answer);
  if (const auto number = python::to_float(python::replace(text, ",", "")))
    return {python::round(*number, 2)};
  const std::string small = python::lower(text);
  if (python::characters(small).size() == 1) return {" " + small, small + " "};
  return {small};
}

bool mmmu_matches(const std::vector<MmmuGuess>& truth, const std::vector<MmmuGuess>& guesses) {
  auto matches = [](const MmmuGuess& true_one, const MmmuGuess& guess) {
    if (true_one.index() != guess.index()) return false;
    const auto* part = std::get_if<std::string>(&true_one);
    return part ? contains(std::get<std::string>(guess), *part) : true_one == guess;
  };
  return std::any_of(guesses.begin(), guesses.end(), [&](const MmmuGuess& guess) {
    return std::any_of(truth.begin(), truth.end(),
                       [&](const MmmuGuess& true_one) { return matches(true_one, guess); });
  });
}

}  // namespace showo
