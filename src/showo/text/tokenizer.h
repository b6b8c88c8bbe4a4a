// Byte-level BPE as GPT-2, CodeGen and phi-1.5 use it: text is split by a pattern, every piece becomes bytes, and pairs are
// merged in the order in which they were learned. Files: vocab.json + merges.txt, or Hugging Face's tokenizer.json.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "showo/core/config.h"

namespace showo {

class Splitter;

class Tokenizer {
 public:
  /// tokenizer.json, or else vocab.json, merges.txt and, when there, added_tokens.json. Throws Error naming file and key.
  static std::shared_ptr<const Tokenizer> from_folder(const fs::path& folder);

  /// Any bytes; invalid UTF-8 is encoded byte by byte. Special tokens such as <|endoftext|> are recognised only when asked:
  /// what a user types never becomes one.
  std::vector<int64_t> encode(std::string_view text, bool recognise_special = false) const;
  /// The exact bytes. Throws Error for an id outside 0 … size()−1.
  std::string decode(std::span<const int64_t> ids) const;

  int64_t size() const { return static_cast<int64_t>(tokens_.size()); }
  std::optional<int64_t> id_of(std::string_view token) const;

 private:
  struct Added {
    std::string text;
    int64_t id;
    bool special;
  };
  Tokenizer() = default;
  void add_vocabulary(const Json& vocabulary, const std::string& where);
  void add_merges(const std::vector<std::pair<std::string, std::string>>& merges, const std::string& where);
  void add_token(const std::string& text, int64_t id, bool special, const std::string& where);
  void finish(const std::string& where);
  void load_hugging_face(const fs::path& path);
  void load_gpt2_files(const fs::path& folder);
  void encode_plain(std::string_view text, std::vector<int64_t>& ids) const;
  void encode_word(std::string_view word, std::vector<int64_t>& ids) const;

  std::vector<std::string> tokens_;                         // bytes of each id
  std::unordered_map<std::string, int64_t> ids_;            // bytes → id, added tokens apart
  std::unordered_map<uint64_t, std::pair<int64_t, int64_t>> merges_;  // (left id, right id) → (rank, merged id)
  int64_t byte_ids_[256] = {};
  std::vector<Added> added_;  // longest first
  std::shared_ptr<const Splitter> splitter_;
};

}  // namespace showo
