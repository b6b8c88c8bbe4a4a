// Byte-pair encoding of characters as Llama 2's tokenizer.json has it: a text is one word, in which
// ▁ stands for a space, and a character that the vocabulary lacks becomes its bytes.
#pragma once

#include "showo/text/bpe.h"
#include "showo/text/text_model.h"

namespace showo {

inline constexpr std::string_view kSpaceMark = "▁";

/// The byte that a token such as <0x0A> stands for.
std::optional<char> byte_of_token(std::string_view spelling);
/// A token's bytes in a text: a space for ▁, the byte for <0x0A>.
std::string byte_fallback_bytes(const std::string& spelling);

/// Metaspace as far as it splits nothing: ▁ for every space, and before a text, or its beginning
/// alone, unless it starts with one.
struct SpaceMarks {
  enum class Before { kNothing, kBeginning, kEverything } before = Before::kNothing;
};

class ByteFallbackBpe : public TextModel {
 public:
  /// Ids of `special` never come of plain text. Throws Error when the vocabulary lacks a byte.
  ByteFallbackBpe(const Spellings& vocabulary, const MergeList& merges,
                  std::optional<SpaceMarks> marks, bool whole_words,
                  const std::set<int64_t>& special, const std::string& where);
  void encode(std::string_view text, bool begins, std::vector<int64_t>& ids) const override;

 private:
  void encode_marked(std::string_view text, std::vector<int64_t>& ids) const;
  Merges merges_;
  std::optional<SpaceMarks> marks_;
  std::unordered_map<std::string, int32_t> characters_;
  std::unordered_map<std::string, int32_t> whole_words_;
  int32_t byte_ids_[256];
};

}  // namespace showo
