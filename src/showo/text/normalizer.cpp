#include "showo/text/normalizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <utility>

#include "showo/text/utf8_runs.h"

namespace showo {
namespace {

constexpr auto kNfc = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<signed char>(c) >= 0; });
}

const utf8proc_uint8_t* units(std::string_view text) {
  return reinterpret_cast<const utf8proc_uint8_t*>(text.data());
}

std::vector<utf8proc_int32_t> decompose(std::string_view text) {
  constexpr int kLongest = 32;  // the longest decomposition has 18 characters
  std::vector<utf8proc_int32_t> characters;
  utf8proc_int32_t pieces[kLongest];
  for (size_t at = 0; at < text.size();) {
    utf8proc_int32_t character = 0;
    at += static_cast<size_t>(utf8proc_iterate(
        units(text.substr(at)), static_cast<utf8proc_ssize_t>(text.size() - at), &character));
    int last_class = UTF8PROC_BOUNDCLASS_START;
    const auto count = utf8proc_decompose_char(character, pieces, kLongest, kNfc, &last_class);
    characters.insert(characters.end(), pieces, pieces + count);
  }
  return characters;
}

auto combining_class(utf8proc_int32_t character) {
  return utf8proc_get_property(character)->combining_class;
}

// The library's own ordering of marks takes quadratic time on a text of nothing else.
void order_marks(std::vector<utf8proc_int32_t>& characters) {
  for (auto begin = characters.begin(); begin != characters.end();) {
    begin = std::find_if(begin, characters.end(), combining_class);
    const auto end = std::find_if_not(begin, characters.end(), combining_class);
    std::stable_sort(begin, end,
                     [](auto a, auto b) { return combining_class(a) < combining_class(b); });
    begin = end;
  }
}

void append(utf8proc_int32_t character, std::string& result) {
  utf8proc_uint8_t bytes[4];
  const auto length = utf8proc_encode_char(character, bytes);
  result.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
}

void append_nfc(std::string_view text, std::string& result) {
  if (is_ascii(text)) {
    result += text;
    return;
  }
  auto characters = decompose(text);
  order_marks(characters);
  const auto count = utf8proc_normalize_utf32(
      characters.data(), static_cast<utf8proc_ssize_t>(characters.size()), kNfc);
  for (utf8proc_ssize_t i = 0; i < count; ++i) append(characters[static_cast<size_t>(i)], result);
}

// Calls each(bytes, character) in order; the character of a byte that is not UTF-8 is −1.
template <class Each>
void for_each_character(std::string_view text, const Each& each) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    utf8proc_int32_t character = -1;
    if (length > 0)
      utf8proc_iterate(units(text), static_cast<utf8proc_ssize_t>(length), &character);
    const std::string_view bytes = text.substr(0, std::max<size_t>(length, 1));
    each(bytes, character);
    text.remove_prefix(bytes.size());
  }
}

bool is_white_space(utf8proc_int32_t character) {
  if (character < 0) return false;
  if (character <= 0xff)
    return (character >= '\t' && character <= '\r') || character == ' ' || character == 0x85 ||
           character == 0xa0;
  const auto category = utf8proc_category(character);
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP;
}

}  // namespace

std::string normalize(const Normalizer& normalizer, std::string text) {
  for (const auto& step : normalizer) text = step(std::move(text));
  return text;
}

std::string nfc(std::string_view text) {
  std::string result;
  for_each_run(text, [&](std::string_view run, bool valid) {
    valid ? append_nfc(run, result) : void(result += run);
  });
  return result;
}

std::string small_letters(std::string_view text) {
  std::string result;
  for_each_character(text, [&](std::string_view bytes, utf8proc_int32_t character) {
    constexpr utf8proc_int32_t kDottedI = 0x130;  // the only one of two: i and a dot above
    if (character < 0) {
      result += bytes;
    } else if (character == kDottedI) {
      result += "i\u0307";
    } else {
      append(utf8proc_tolower(character), result);
    }
  });
  return result;
}

std::string single_spaces(std::string_view text) {
  std::string result;
  bool space = false;
  for_each_character(text, [&](std::string_view bytes, utf8proc_int32_t character) {
    const bool was_space = std::exchange(space, is_white_space(character));
    if (!space)
      result += bytes;
    else if (!was_space)
      result += ' ';
  });
  return result;
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  size_t at = 0;
  for (size_t found; (found = text.find(from, at)) != std::string_view::npos;
       at = found + from.size()) {
    result.append(text.substr(at, found - at)).append(to);
  }
  return result.append(text.substr(at));
}

}  // namespace showo
