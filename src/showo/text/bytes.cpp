#include "showo/text/bytes.h"

#include <unordered_map>

namespace showo {
namespace {

std::string utf8(int code) {
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  return {static_cast<char>(0xc0 | code >> 6),
          static_cast<char>(0x80 | (code & 0x3f))};  // all lie below 0x800
}

std::array<std::string, 256> make_spellings() {
  std::array<std::string, 256> spellings;
  int next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    const bool printable =
        (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    spellings[byte] = utf8(printable ? byte : next++);
  }
  return spellings;
}

}  // namespace

const std::array<std::string, 256>& byte_spellings() {
  static const auto spellings = make_spellings();
  return spellings;
}

std::optional<std::string> bytes_of_spelling(std::string_view spelling) {
  static const auto reverse = [] {
    std::unordered_map<std::string, char> map;
    for (int byte = 0; byte < 256; ++byte) map[byte_spellings()[byte]] = static_cast<char>(byte);
    return map;
  }();
  std::string bytes;
  for (size_t at = 0; at < spelling.size();) {
    const size_t length = static_cast<unsigned char>(spelling[at]) < 0x80 ? 1 : 2;
    const auto found = reverse.find(std::string(spelling.substr(at, length)));
    if (found == reverse.end()) return std::nullopt;
    bytes += found->second;
    at += length;
  }
  return bytes;
}

size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return text.empty() ? 0 : 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4)
    return 0;  // continuation bytes, overlong forms, beyond U+10FFFF
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const unsigned second = byte(1);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool surrogate = first == 0xed && second >= 0xa0;
  return overlong || surrogate || (first == 0xf4 && second >= 0x90) ? 0 : length;
}

}  // namespace showo
