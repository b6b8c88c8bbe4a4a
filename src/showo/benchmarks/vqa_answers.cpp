#include "showo/benchmarks/vqa_answers.h"

#include <fmt/format.h>

#include <map>
#include <vector>

#include "showo/benchmarks/python_text.h"

namespace showo {
namespace {

// Each is also meant where one of its apostrophes is missing.
constexpr char kContractions[] =
    "ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't "
    "haven't he'd he'd've he's how'd how'll how's isn't it'd it'd've it'll ma'am mightn't "
    "mightn't've might've mustn't must've needn't not've o'clock oughtn't 'ow's'at shan't she'd've "
    "should've shouldn't shouldn't've somebody'd've somebody'll somebody's someone'd someone'd've "
    "someone'll someone's something'd something'd've something'll that's there'd there'd've "
    "there're there's they'd they'd've they'll they're they've 'twas wasn't we'd've we've weren't "
    "what'll what're what's what've when's where'd where's where've who'd who'd've who'll who's "
    "who've why'll why're why's won't would've wouldn't wouldn't've y'all y'all'll y'all'd've "
    "you'd you'd've you'll you're you've";

using Words = std::map<std::string, std::string, std::less<>>;

Words replacements() {
  Words words = {{"somebody'd", "somebodyd"}};  // the wrong way round, as published
  for (const std::string& word : python::split(kContractions, " ")) {
    for (size_t at = 0; (at = word.find('\'', at)) != std::string::npos; ++at) {
      std::string without = word;
      words[without.erase(at, 1)] = word;
    }
  }
  return words;
}

const Words kNumbers = {{"none", "0"},  {"zero", "0"},  {"one", "1"},  {"two", "2"},
                        {"three", "3"}, {"four", "4"},  {"five", "5"}, {"six", "6"},
                        {"seven", "7"}, {"eight", "8"}, {"nine", "9"}, {"ten", "10"}};

bool has_number_with_comma(std::string_view text, VqaCommas commas) {
  if (text.find(',') == std::string_view::npos) return false;
  const std::u32string all = python::characters(text);
  for (size_t i = 1; i < all.size(); ++i) {
    if (all[i] != U',' || !python::is_digit(all[i - 1])) continue;
    size_t next = i + 1;
    if (commas == VqaCommas::kLmmsEval)
      while (next < all.size() && all[next] == U',') ++next;
    if (next < all.size() && python::is_digit(all[next])) return true;
  }
  return false;
}

// Those that no digit follows: a look-behind that is mistyped keeps none that a digit precedes. A
// flag is passed as the largest count.
std::string without_periods(std::string_view text) {
  constexpr int kMost = 32;
  if (text.find('.') == std::string_view::npos) return std::string(text);
  const std::u32string all = python::characters(text);
  std::u32string kept;
  int removed = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    const bool digit_follows = i + 1 < all.size() && python::is_digit(all[i + 1]);
    if (all[i] == U'.' && !digit_follows && removed < kMost) {
      ++removed;
    } else {
      kept += all[i];
    }
  }
  return python::utf8(kept);
}

// A sign becomes a space, or nothing when a space stands beside any such sign.
std::string without_punctuation(std::string_view text, VqaCommas commas) {
  const bool number = has_number_with_comma(text, commas);
  std::string result(text);
  for (const char sign : std::string_view(";/[]\"{}()=+\\_-><@`,?!")) {
    if (text.find(sign) == std::string_view::npos) continue;
    const bool beside_space = text.find(std::string{sign, ' '}) != std::string_view::npos ||
                              text.find(std::string{' ', sign}) != std::string_view::npos;
    result = python::replace(result, std::string(1, sign), beside_space || number ? "" : " ");
  }
  return without_periods(result);
}

std::string with_usual_words(std::string_view text) {
  static const Words contractions = replacements();
  std::vector<std::string> words;
  for (std::string& word : python::words(python::lower(text))) {
    if (const auto number = kNumbers.find(word); number != kNumbers.end()) word = number->second;
    if (word == "a" || word == "an" || word == "the") continue;
    const auto contraction = contractions.find(word);
    words.push_back(contraction == contractions.end() ? word : contraction->second);
  }
  return fmt::format("{}", fmt::join(words, " "));
}

}  // namespace

std::string vqa_trimmed(std::string_view answer) {
  std::string text(answer);
  for (char& c : text)
    if (c == '\n' || c == '\t') c = ' ';
  return python::strip(text);
}

std::string vqa_normalised(std::string_view answer, VqaCommas commas) {
  return with_usual_words(without_punctuation(answer, commas));
}

std::string vqa_normalised_2024(std::string_view prediction) {
  std::string text = python::lower(python::strip(prediction));
  for (const char* sign : {",", "?"}) text = python::replace(text, sign, "");
  text = python::strip(python::replace(text, "'s", " 's"));
  return vqa_normalised(vqa_trimmed(text), VqaCommas::kLmmsEval);
}

}  // namespace showo
