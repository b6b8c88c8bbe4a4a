// What a tokenizer does to a text before it looks for words.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace showo {

/// Steps in order, each from text to text.
using Normalizer = std::vector<std::function<std::string(std::string)>>;

std::string normalize(const Normalizer& normalizer, std::string text);

/// Unicode's normalisation form C. Bytes that are not UTF-8 stay, and nothing composes across them.
std::string nfc(std::string_view text);
/// Small letters for capitals, each by itself: a final sigma is as any other. Bytes that are not
/// UTF-8 stay.
std::string small_letters(std::string_view text);
/// Runs of Unicode's White_Space as one space.
std::string single_spaces(std::string_view text);
/// Every `from`, found from left to right, as `to`. `from` must not be empty.
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);

}  // namespace showo
