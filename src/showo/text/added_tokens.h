// Tokens beside those that the model of the text makes: special ones such as <|endoftext|>, and
// whole texts such as runs of spaces. They are found before anything else looks at the text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace showo {

struct AddedToken {
  std::string text;
  int64_t id;
  bool special;             // found only when asked for: what a user types never becomes one
  bool normalized = false;  // looked for in the normalised text
};

class AddedTokens {
 public:
  AddedTokens() = default;
  explicit AddedTokens(std::vector<AddedToken> tokens);

  /// A stretch of plain text, or one added token's id.
  struct Part {
    std::string_view text;
    std::optional<int64_t> id;
  };
  /// The text in order, cut at added tokens: leftmost first, the longest where several begin. No
  /// part is empty.
  std::vector<Part> split(std::string_view text, bool recognise_special) const;

 private:
  const AddedToken* at(std::string_view text, bool recognise_special) const;
  std::vector<AddedToken> tokens_;  // longest first
  bool starts_[256] = {};           // the bytes that they start with
};

}  // namespace showo
