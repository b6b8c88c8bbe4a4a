// Text ↔ ids for the language models that Show-o stands on: byte-level BPE (GPT-2, phi, Llama 3,
// Qwen) from GPT-2's files or Hugging Face's tokenizer.json, BPE with byte fallback (Llama 2) from
// tokenizer.json, and sentencepiece models. ids agree with Hugging Face's without special tokens
// around the text: those are the prompt's.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "showo/core/config.h"

namespace showo {

class AddedTokens;
struct TokenizerParts;

class Tokenizer {
 public:
  /// tokenizer.json, or else tokenizer.model (sentencepiece), or else vocab.json and merges.txt;
  /// what tokenizer_config.json, special_tokens_map.json and, but for the first,
  /// added_tokens.json say about them. Throws Error naming file and key of what is wrong or not
  /// supported. May be used by several threads at once.
  static std::shared_ptr<const Tokenizer> from_folder(const fs::path& folder);
  ~Tokenizer();

  /// Any bytes. Special tokens such as <|endoftext|> are recognised only when asked: what a user
  /// types never becomes one.
  std::vector<int64_t> encode(std::string_view text, bool recognise_special = false) const;
  /// The exact bytes that the ids stand for at the beginning of a text: where encoding puts a space
  /// before a text (sentencepiece), none is there. Throws Error for an id outside 0 … size()−1.
  std::string decode(std::span<const int64_t> ids) const;
  /// The bytes of one id inside a text; Error as above.
  std::string_view bytes_of(int64_t id) const;
  /// Whether decode leaves out one space at the beginning.
  bool drops_first_space() const;

  int64_t size() const;
  /// The id of the added token of this text, or of the token of these bytes.
  std::optional<int64_t> id_of(std::string_view token) const;
  /// What begins and ends texts, if the files say so; <|endoftext|> where they do not and it is
  /// there.
  std::optional<int64_t> bos() const;
  std::optional<int64_t> eos() const;

 private:
  explicit Tokenizer(TokenizerParts parts);
  void encode_plain(std::string_view text, bool begins, bool recognise_special,
                    std::vector<int64_t>& ids) const;

  std::unique_ptr<const TokenizerParts> parts_;
  std::unique_ptr<const AddedTokens> added_;       // found in the text as it is
  std::unique_ptr<const AddedTokens> normalized_;  // found in the normalised text
};

/// The names of the files of a folder that make up its tokenizer, to be copied along with a model;
/// empty when it has none.
std::vector<std::string> tokenizer_files(const fs::path& folder);

}  // namespace showo
