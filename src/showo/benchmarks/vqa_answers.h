// How VQA's official vqaEval.py (github.com/GT-Vision-Lab/VQA) makes answers comparable, with its
// oddities, and lmms-eval's variants of it.
#pragma once

#include <string>
#include <string_view>

namespace showo {

/// lmms-eval takes digits with several commas between for one number, as the official script does
/// those with one.
enum class VqaCommas { kOfficial, kLmmsEval };

/// Line feeds and tabs as spaces, nothing around.
std::string vqa_trimmed(std::string_view answer);
/// Without punctuation, periods and articles, numbers to ten as digits, small letters, apostrophes
/// where English has them.
std::string vqa_normalised(std::string_view answer, VqaCommas commas = VqaCommas::kOfficial);
/// What lmms-eval made of every prediction before anything else, up to its release 0.3.4.
std::string vqa_normalised_2024(std::string_view prediction);

}  // namespace showo
