// Byte-level BPE as GPT-2, phi, Llama 3, Qwen and CLIP use it: patterns split the text into words,
// every word becomes bytes, and pairs of these are merged.
#pragma once

#include <memory>

#include "showo/text/bpe.h"
#include "showo/text/splitter.h"
#include "showo/text/text_model.h"

namespace showo {

/// Each splits the pieces of the one before.
using Splitters = std::vector<std::shared_ptr<const Splitter>>;

/// A token's bytes, a space for `word_end` behind it; one spelled with a character that stands for
/// no byte is an added one, and its own text.
std::string byte_level_bytes(std::string spelling, const std::string& word_end = "");

class ByteLevelBpe : public TextModel {
 public:
  /// `whole_words`: a word of the vocabulary is one token, whatever the merges say. Ids of
  /// `special` never come of plain text. `word_end` stands behind the last byte of every word
  /// (CLIP's "</w>"). Throws Error when the vocabulary lacks a byte, or one that ends a word.
  ByteLevelBpe(const Spellings& vocabulary, const MergeList& merges, Splitters splitters,
               bool whole_words, const std::set<int64_t>& special, const std::string& where,
               const std::string& word_end = "");
  void encode(std::string_view text, bool begins, std::vector<int64_t>& ids) const override;

 private:
  Merges merges_;
  Splitters splitters_;
  std::unordered_map<std::string, int32_t> whole_words_;
  int32_t byte_ids_[256], last_ids_[256];  // within a word and at its end
};

}  // namespace showo
