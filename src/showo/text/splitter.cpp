#define PCRE2_CODE_UNIT_WIDTH 8
#include "showo/text/splitter.h"

#include <pcre2.h>

#include <stdexcept>

namespace showo {
namespace {

constexpr const char* kGpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

}  // namespace

struct Splitter::Pattern {
  Pattern() {
    int error = 0;
    PCRE2_SIZE offset = 0;
    // MATCH_INVALID_UTF treats bytes that are not UTF-8 as places where nothing matches.
    code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(kGpt2), PCRE2_ZERO_TERMINATED,
                         PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF, &error, &offset, nullptr);
    if (!code) throw std::logic_error("the tokenizer's pattern does not compile");
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  }
  ~Pattern() { pcre2_code_free(code); }
  pcre2_code* code;
};

Splitter::Splitter() : pattern_(std::make_unique<Pattern>()) {}
Splitter::~Splitter() = default;

std::vector<std::string_view> Splitter::split(std::string_view text) const {
  std::vector<std::string_view> pieces;
  std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> match(
      pcre2_match_data_create_from_pattern(pattern_->code, nullptr), &pcre2_match_data_free);
  size_t at = 0;
  auto bytes_up_to = [&](size_t end) {
    for (; at < end; ++at) pieces.push_back(text.substr(at, 1));
  };
  while (at < text.size()) {
    const int found = pcre2_match(pattern_->code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at, 0, match.get(), nullptr);
    if (found < 0) break;
    const PCRE2_SIZE* range = pcre2_get_ovector_pointer(match.get());
    bytes_up_to(range[0]);
    if (range[1] == range[0]) break;
    pieces.push_back(text.substr(range[0], range[1] - range[0]));
    at = range[1];
  }
  bytes_up_to(text.size());
  return pieces;
}

}  // namespace showo
