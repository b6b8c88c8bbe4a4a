#include "showo/data/clean.h"

#include <algorithm>
#include <cctype>

namespace showo {
namespace {

bool is_same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

bool is_leftover_part(std::string_view part) {
  if (part.starts_with('.')) return part != "." && part != "..";
  // What tar's readers without pax leave of its headers: PaxHeader, PaxHeaders, PaxHeaders.123.
  if (part == "PaxHeader" || part == "PaxHeaders" || part.starts_with("PaxHeaders.")) return true;
  for (const char* name : {"__MACOSX", "Thumbs.db", "ehthumbs.db", "desktop.ini", "$RECYCLE.BIN",
                           "System Volume Information", "lost+found", "@eaDir"}) {
    if (is_same_name(part, name)) return true;
  }
  return false;
}

}  // namespace

std::string_view without_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  return text;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  text = without_mark(text);
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

bool is_leftover(std::string_view name) {
  for (size_t at = 0; at < name.size();) {
    const size_t end = std::min(name.find('/', at), name.size());
    if (is_leftover_part(name.substr(at, end - at))) return true;
    at = end + 1;
  }
  return false;
}

}  // namespace showo
