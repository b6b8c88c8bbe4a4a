// A scanner of the lex family: patterns are regular expressions over UTF-16 code units, put
// together from sets and texts by >> (then), | (or) and the functions below. At every place the
// longest match of all rules wins, and of equally long ones the first rule.
#pragma once

#include <bitset>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace showo {

/// A set of UTF-16 code units; | & ~ as sets have them.
using Units = std::bitset<0x10000>;
Units one_of(std::u16string_view units);
Units none_of(std::u16string_view units);
Units interval(char16_t first, char16_t last);

class Pattern {
 public:
  struct Node;
  Pattern(const Units& units);
  /// ASCII text in capitals or not, as Unicode folds them: ſ is an s, ı and İ are an i, the kelvin
  /// sign is a k.
  Pattern(const char* text);
  explicit Pattern(std::shared_ptr<const Node> node) : node_(std::move(node)) {}
  const Node& node() const { return *node_; }

 private:
  std::shared_ptr<const Node> node_;
};

Pattern operator>>(const Pattern& first, const Pattern& then);
Pattern operator|(const Pattern& either, const Pattern& other);
/// From `least` to `most` in a row.
Pattern times(const Pattern& pattern, int least, int most);
Pattern maybe(const Pattern& pattern);
Pattern many(const Pattern& pattern);
/// Once or more.
Pattern some(const Pattern& pattern);
/// Any of the texts, which spaces separate.
Pattern words(std::string_view texts);

/// Not to be used by two threads at once: the automaton grows as texts need it.
class Lexer {
 public:
  struct Rule {
    Pattern token;
    /// What must stand after the token. It counts for the length of the match but is not part of
    /// it; where the two can be told apart in several ways the token is the longest.
    std::optional<Pattern> before;
  };
  struct Match {
    size_t rule;
    size_t length;  // of the token
  };
  explicit Lexer(const std::vector<Rule>& rules);
  ~Lexer();
  /// At the beginning of `text`; nothing where no rule matches.
  std::optional<Match> longest(std::u16string_view text);

 private:
  struct Automata;
  std::unique_ptr<Automata> automata_;
};

}  // namespace showo
