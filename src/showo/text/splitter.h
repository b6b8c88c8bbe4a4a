// The pre-tokenizer: the pattern that cuts text into words, numbers, punctuation and spaces before
// BPE.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace showo {

/// GPT-2's pattern, which CodeGen and phi-1.5 share.
extern const char* const kGpt2Pattern;
/// CLIP's (Radford et al., arXiv 2103.00020), whose words have no spaces.
extern const char* const kClipPattern;

/// What becomes of text that a pattern passes over.
enum class Between { kKept, kDropped };

class Splitter {
 public:
  /// Throws Error naming `source` when the pattern is none that PCRE2 compiles.
  explicit Splitter(const std::string& pattern = kGpt2Pattern,
                    const std::string& source = "the tokenizer", Between between = Between::kKept);
  ~Splitter();
  /// Appends pieces in order. What the pattern passes over is a piece of its own where it is kept;
  /// together they are the text then. A byte that is not UTF-8 is always one, and no pattern looks
  /// across it. Throws Error when the pattern takes too many steps on this text.
  void split(std::string_view text, std::vector<std::string_view>& pieces) const;

 private:
  struct Pattern;
  void split_utf8(std::string_view text, std::vector<std::string_view>& pieces) const;
  std::unique_ptr<Pattern> pattern_;
  Between between_;
};

}  // namespace showo
