#define PCRE2_CODE_UNIT_WIDTH 8
#include "showo/text/splitter.h"

#include <pcre2.h>

#include "showo/core/error.h"
#include "showo/text/utf8_runs.h"

namespace showo {

const char* const kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
const char* const kClipPattern =
    R"(<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)";

namespace {

PCRE2_SPTR pattern_units(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data());
}

// These patterns mean Unicode's White_Space by \s; PCRE2's own \s counts U+180E as well.
std::string unicode_spaces(const std::string& pattern) {
  std::string result;
  for (size_t i = 0; i < pattern.size(); ++i) {
    result += pattern[i];
    if (pattern[i] != '\\' || i + 1 == pattern.size()) continue;
    const char letter = pattern[++i];
    result += letter == 's'   ? "p{White_Space}"
              : letter == 'S' ? "P{White_Space}"
                              : std::string(1, letter);
  }
  return result;
}

std::string pcre2_message(int error) {
  PCRE2_UCHAR message[256];
  pcre2_get_error_message(error, message, sizeof message);
  return reinterpret_cast<const char*>(message);
}

}  // namespace

struct Splitter::Pattern {
  Pattern(const std::string& wanted, const std::string& where) : source(where) {
    const std::string pattern = unicode_spaces(wanted);
    int error = 0;
    PCRE2_SIZE offset = 0;
    code = pcre2_compile(pattern_units(pattern), pattern.size(), PCRE2_UTF | PCRE2_UCP, &error,
                         &offset, nullptr);
    if (!code) fail("{}: pattern '{}': {}", source, wanted, pcre2_message(error));
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // where there is no JIT, matching is only slower
  }
  ~Pattern() { pcre2_code_free(code); }
  pcre2_code* code;
  std::string source;
};

Splitter::Splitter(const std::string& pattern, const std::string& source, Between between)
    : pattern_(std::make_unique<Pattern>(pattern, source)), between_(between) {}
Splitter::~Splitter() = default;

void Splitter::split(std::string_view text, std::vector<std::string_view>& pieces) const {
  for_each_run(text, [&](std::string_view run, bool valid) {
    valid ? split_utf8(run, pieces) : pieces.push_back(run);
  });
}

void Splitter::split_utf8(std::string_view text, std::vector<std::string_view>& pieces) const {
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> match(
      pcre2_match_data_create_from_pattern(pattern_->code, nullptr), &pcre2_match_data_free);
  const PCRE2_SIZE* range = pcre2_get_ovector_pointer(match.get());
  const auto pass_over = [&](std::string_view between) {
    if (between_ == Between::kKept && !between.empty()) pieces.push_back(between);
  };
  size_t at = 0;
  while (at < text.size()) {
    // The text is known to be UTF-8: checking its rest at every piece would take quadratic time.
    const int found = pcre2_match(pattern_->code, pattern_units(text), text.size(), at,
                                  PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY, match.get(), nullptr);
    if (found == PCRE2_ERROR_NOMATCH) break;
    if (found < 0) fail("{}: cannot split the text: {}", pattern_->source, pcre2_message(found));
    pass_over(text.substr(at, range[0] - at));
    pieces.push_back(text.substr(range[0], range[1] - range[0]));
    at = range[1];
  }
  pass_over(text.substr(at));
}

}  // namespace showo
