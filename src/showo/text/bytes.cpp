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

}  // namespace showo
