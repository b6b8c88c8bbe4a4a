#include "showo/core/error.h"

#include "showo/core/utf8.h"

namespace showo {
namespace {

constexpr size_t kLongest = 8192;  // two of the longest paths

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

// The beginning names the file and the end says what is wrong: the middle goes.
std::string shortened(std::string_view text) {
  constexpr std::string_view kGap = " … ";
  constexpr size_t kPart = (kLongest - kGap.size()) / 2;
  if (text.size() <= kLongest) return std::string(text);
  size_t head = kPart, tail = text.size() - kPart;
  while (head > kPart - 4 && is_continuation(text[head])) --head;
  while (tail < text.size() - kPart + 4 && is_continuation(text[tail])) ++tail;
  return std::string(text.substr(0, head)).append(kGap).append(text.substr(tail));
}

// U+0080 to U+009F, U+2028 and U+2029: some terminals obey them, some programs end lines at them.
bool is_control(std::string_view character) {
  if (character.size() == 1) return character[0] < ' ' || character[0] == 0x7f;
  return (character[0] == '\xc2' && character[1] < '\xa0') || character == "\u2028" ||
         character == "\u2029";
}

}  // namespace

std::string printable(std::string_view text, bool keep_breaks) {
  std::string result;
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    const auto character = text.substr(0, length > 0 ? length : 1);
    text.remove_prefix(character.size());
    if ((length > 0 && !is_control(character)) || (keep_breaks && character == "\n")) {
      result += character;
    } else if (character == "\n" || character == "\t" || character == "\r") {
      result += character == "\n" ? "\\n" : character == "\t" ? "\\t" : "\\r";
    } else {
      for (const char byte : character)
        result += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
  }
  return result;
}

Error::Error(std::string_view message) : std::runtime_error(one_line(message)) {}

OptionError::OptionError(std::string option, const std::string& found, const std::string& problem)
    : UsageError(fmt::format("{} {}: {}", option, found, problem)), option_(std::move(option)) {}

OptionError::OptionError(std::string option, const std::string& problem)
    : UsageError(fmt::format("{}: {}", option, problem)), option_(std::move(option)) {}

std::string one_line(std::string_view text) { return shortened(printable(shortened(text))); }

}  // namespace showo
