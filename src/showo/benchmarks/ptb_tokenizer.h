// The words that the captioning benchmarks compare: Penn Treebank tokens as the Stanford tokenizer
// 3.4.1 cuts them (PTBTokenizer -preserveLines -lowerCase) and pycocoevalcap's PTBTokenizer keeps
// them, that is without the marks of punctuation.
#pragma once

#include <string>
#include <vector>

namespace showo {

/// The tokens of each caption (UTF-8). All captions are one text, a line each, as the official
/// program reads them, and their order matters: what a line begins with can decide whether the full
/// stop at the end of the line before belongs to its last word, and a caption that holds a line
/// separator other than a line feed (CR, U+2028, form feed …) takes two lines, which moves every
/// caption after it. A token may hold a no-break space (`2 1/2`).
std::vector<std::vector<std::string>> ptb_tokenize(const std::vector<std::string>& captions);

}  // namespace showo
