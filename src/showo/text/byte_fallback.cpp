#include "showo/text/byte_fallback.h"

#include <charconv>

#include "showo/core/utf8.h"
#include "showo/text/normalizer.h"

namespace showo {

std::optional<char> byte_of_token(std::string_view spelling) {
  if (spelling.size() != 6 || !spelling.starts_with("<0x") || spelling[5] != '>') {
    return std::nullopt;
  }
  unsigned char byte = 0;
  const auto [end, error] = std::from_chars(&spelling[3], &spelling[5], byte, 16);
  if (error != std::errc() || end != &spelling[5]) return std::nullopt;
  return static_cast<char>(byte);
}

std::string byte_fallback_bytes(const std::string& spelling) {
  if (const auto byte = byte_of_token(spelling)) return std::string(1, *byte);
  return replace_all(spelling, kSpaceMark, " ");
}

ByteFallbackBpe::ByteFallbackBpe(const Spellings& vocabulary, const MergeList& merges,
                                 std::optional<SpaceMarks> marks, bool whole_words,
                                 const std::set<int64_t>& special, const std::string& where)
    : merges_(merges, vocabulary, special, where), marks_(marks) {
  for (int byte = 0; byte < 256; ++byte) {
    const auto spelling = fmt::format("<0x{:02X}>", byte);
    const auto found = vocabulary.ids.find(spelling);
    if (found == vocabulary.ids.end()) fail("{}: the vocabulary has no token {}", where, spelling);
    byte_ids_[byte] = found->second;
  }
  for (const auto& [spelling, id] : vocabulary.ids) {
    if (special.contains(id)) continue;
    if (utf8_length(spelling) == spelling.size()) characters_.emplace(spelling, id);
    if (whole_words) whole_words_.emplace(spelling, id);
  }
}

void ByteFallbackBpe::encode(std::string_view text, bool begins, std::vector<int64_t>& ids) const {
  if (!marks_) return encode_marked(text, ids);
  std::string marked = replace_all(text, " ", kSpaceMark);
  using Before = SpaceMarks::Before;
  const bool before =
      marks_->before == Before::kEverything || (marks_->before == Before::kBeginning && begins);
  if (before && !marked.starts_with(kSpaceMark)) marked.insert(0, kSpaceMark);
  encode_marked(marked, ids);
}

void ByteFallbackBpe::encode_marked(std::string_view text, std::vector<int64_t>& ids) const {
  if (!whole_words_.empty()) {
    const auto whole = whole_words_.find(std::string(text));
    if (whole != whole_words_.end()) return ids.push_back(whole->second);
  }
  Merges::Scratch scratch;
  std::string character;
  for (size_t at = 0; at < text.size();) {
    const size_t length = std::max<size_t>(1, utf8_length(text.substr(at)));
    character = text.substr(at, length);
    const auto found = characters_.find(character);
    if (found != characters_.end()) {
      scratch.word.push_back(found->second);
    } else {
      for (const char byte : character) {
        scratch.word.push_back(byte_ids_[static_cast<unsigned char>(byte)]);
      }
    }
    at += length;
  }
  merges_.encode(scratch, ids);
}

}  // namespace showo
