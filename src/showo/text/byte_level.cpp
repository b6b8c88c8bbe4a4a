#include "showo/text/byte_level.h"

#include "showo/text/bytes.h"

namespace showo {

std::string byte_level_bytes(std::string spelling, const std::string& word_end) {
  const bool ends = !word_end.empty() && spelling.ends_with(word_end);
  if (ends) spelling.erase(spelling.size() - word_end.size());
  return bytes_of_spelling(spelling).value_or(spelling) + (ends ? " " : "");
}

ByteLevelBpe::ByteLevelBpe(const Spellings& vocabulary, const MergeList& merges,
                           Splitters splitters, bool whole_words, const std::set<int64_t>& special,
                           const std::string& where, const std::string& word_end)
    : merges_(merges, vocabulary, special, where), splitters_(std::move(splitters)) {
  for (int byte = 0; byte < 256; ++byte) {
    for (const auto& [ids, end] : {std::pair(byte_ids_, std::string()), {last_ids_, word_end}}) {
      const auto found = vocabulary.ids.find(byte_spellings()[byte] + end);
      if (found == vocabulary.ids.end())
        fail("{}: the vocabulary has no token for byte {}{}", where, byte,
             end.empty() ? "" : " and '" + end + "'");
      ids[byte] = found->second;
    }
  }
  if (!whole_words) return;
  for (size_t id = 0; id < vocabulary.by_id.size(); ++id) {
    if (special.contains(static_cast<int64_t>(id))) continue;
    whole_words_.emplace(byte_level_bytes(vocabulary.by_id[id]), static_cast<int32_t>(id));
  }
}

void ByteLevelBpe::encode(std::string_view text, bool, std::vector<int64_t>& ids) const {
  std::vector<std::string_view> words = {text};
  for (const auto& splitter : splitters_) {
    std::vector<std::string_view> finer;
    for (const auto word : words) splitter->split(word, finer);
    words = std::move(finer);
  }
  Merges::Scratch scratch;
  for (const auto word : words) {
    if (!whole_words_.empty()) {
      const auto whole = whole_words_.find(std::string(word));
      if (whole != whole_words_.end()) {
        ids.push_back(whole->second);
        continue;
      }
    }
    for (const char byte : word)
      scratch.word.push_back(byte_ids_[static_cast<unsigned char>(byte)]);
    if (!word.empty()) scratch.word.back() = last_ids_[static_cast<unsigned char>(word.back())];
    merges_.encode(scratch, ids);
  }
}

}  // namespace showo
