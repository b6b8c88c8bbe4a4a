// What the readers of the several published forms put together, and a Tokenizer is made of.
#pragma once

#include <map>
#include <memory>
#include <set>

#include "showo/text/added_tokens.h"
#include "showo/text/bpe.h"
#include "showo/text/normalizer.h"
#include "showo/text/text_model.h"
#include "showo/text/tokenizer.h"

namespace showo {

inline constexpr const char* kEndOfText = "<|endoftext|>";

/// What the files beside a tokenizer say: tokenizer_config.json, special_tokens_map.json,
/// added_tokens.json.
struct FolderNotes {
  /// A token that begins or ends texts: `told` when a file has the key, if only as null.
  struct End {
    bool told = false;
    std::string token, where;
  };
  struct Added {
    AddedToken token;
    std::string where;
  };
  std::set<std::string> special;  // texts of special tokens
  std::vector<Added> added;       // some of them twice
  End bos, eos;
  std::string config_path;
  std::optional<bool> adds_prefix_space, legacy;  // tokenizer_config.json's
};
FolderNotes read_notes(const fs::path& folder);

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

/// GPT-2's vocab.json and merges.txt.
TokenizerParts read_gpt2_files(const fs::path& folder, const FolderNotes& notes);
TokenizerParts read_tokenizer_json(const fs::path& path, const FolderNotes& notes);
/// A sentencepiece model.
TokenizerParts read_sentencepiece(const fs::path& path, const FolderNotes& notes);

}  // namespace showo
