// The characters that the Penn Treebank tokenizer tells apart: Unicode 6.3 within 16 bits, as the
// Stanford tokenizer 3.4.1 was built with.
#pragma once

#include "showo/benchmarks/lexer.h"

namespace showo {

struct PtbCharacters {
  PtbCharacters();
  Units letter, capital, digit;
  Units mark;       // accents, vowel signs and others that words may hold
  Units lone_sign;  // those outside ASCII that are a token each, letters and numbers among them
  Units space;      // within a line
  Units ascii_letter, ascii_capital, ascii_digit, ascii_alnum;
};

}  // namespace showo
