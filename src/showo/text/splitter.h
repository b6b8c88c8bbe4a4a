// GPT-2's pre-tokenizer: the pattern that cuts text into words, numbers, punctuation and spaces before BPE.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

namespace showo {

class Splitter {
 public:
  Splitter();
  ~Splitter();
  /// Pieces in order; together they are the text. Bytes that are not UTF-8 become pieces of one byte.
  std::vector<std::string_view> split(std::string_view text) const;

 private:
  struct Pattern;
  std::unique_ptr<Pattern> pattern_;
};

}  // namespace showo
