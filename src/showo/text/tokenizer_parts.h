// What the readers of the several published forms put together, and a Tokenizer is made of.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "showo/text/added_tokens.h"
#include "showo/text/bpe.h"
#include "showo/text/folder_notes.h"
#include "showo/text/normalizer.h"
#include "showo/text/text_model.h"

namespace showo {

struct TokenizerParts {
  std::vector<std::string> tokens;  // the bytes of each id
  std::vector<AddedToken> added;
  Normalizer normalizer;
  std::unique_ptr<const TextModel> model;
  bool drops_first_space = false;  // the space that encoding puts before a text
  std::optional<int64_t> bos, eos;
  /// The bytes of an added token in a text.
  std::string (*added_bytes)(const std::string& text) = [](const std::string& text) {
    return text;
  };

  /// A token of the vocabulary or behind it; throws Error when its id is another token's.
  void add(const AddedToken& token, const std::string& where);
  /// <|startoftext|> begins texts where the vocabulary has it and no file says otherwise; it is
  /// special.
  void begin_as_clip(FolderNotes& notes, const Spellings& vocabulary);
  /// Once the vocabulary and the form's own added tokens are there: those of the notes, which of
  /// all are special, and the ends of texts. Throws Error naming an id without a token, or an end
  /// that is no token.
  void finish(const FolderNotes& notes, const Spellings& vocabulary, const std::string& where);

  std::set<int64_t> special_ids() const;
  std::optional<int64_t> id_of(std::string_view token) const;

 private:
  void close(const std::string& where);
  std::map<int64_t, std::string> beyond_;  // added behind the vocabulary
};

}  // namespace showo
