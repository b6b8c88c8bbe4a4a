// The rules by which the Stanford tokenizer 3.4.1 cuts a text, in its order (PTBLexer.flex of
// CoreNLP v3.4.1; its historical Penn Treebank forms are on).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "showo/benchmarks/lexer.h"

namespace showo {

struct PtbReading {
  std::u16string token;  // empty: none; a line feed: the line ends
  size_t length;         // of the text that it used up
};

struct PtbRule {
  Pattern token;
  /// What becomes of a match.
  PtbReading (*read)(std::u16string_view match);
  std::optional<Pattern> before = {};  // as in Lexer::Rule
};

std::vector<PtbRule> ptb_rules();

}  // namespace showo
