// Byte-level BPE as GPT-2, CodeGen and phi-1.5 use it: text is split by a pattern, every piece
// becomes bytes, and pairs are merged in the order in which they were learned. Files: vocab.json +
// merges.txt, or Hugging Face's tokenizer.json.
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
  /// tokenizer.json, or else vocab.json, merges.txt and, when there, added_tokens.json. Throws
  /// Error naming file and key. Special beside <|endoftext|> is what tokenizer.json,
  /// special_tokens_map.json or tokenizer_config.json call so.
  static std::shared_ptr<const Tokenizer> from_folder(const fs::path& folder);

  /// Any bytes; invalid UTF-8 is encoded byte by byte. Special tokens such as <|endoftext|> are
  /// recognised only when asked: what a user types never becomes one.
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
  struct Merge {
    int32_t rank, id;
  };
  using Merges = std::vector<std::pair<std::string, std::string>>;
  Tokenizer() = default;
  static uint64_t pair_key(int64_t left, int64_t right) {
    return static_cast<uint64_t>(left) << 32 | static_cast<uint64_t>(right);
  }
  static std::pair<std::string, std::string> split_merge(const std::string& line,
                                                         const std::string& where);
  void add_vocabulary(const Json& vocabulary, const std::string& where);
  void add_merges(const Merges& merges, const std::string& where);
  void add_token(const std::string& text, int64_t id, bool special, const std::string& where);
  void finish(const std::string& where);
  void load_hugging_face(const fs::path& path);
  void add_hugging_face_tokens(const Json& tokens, const std::string& where);
  void load_gpt2_files(const fs::path& folder);
  void encode_plain(std::string_view text, std::vector<int64_t>& ids) const;
  void encode_word(std::string_view word, std::vector<int64_t>& ids) const;

  std::vector<std::string> tokens_;               // bytes of each id
  std::unordered_map<std::string, int64_t> ids_;  // bytes → id, added tokens apart
  std::unordered_map<uint64_t, Merge> merges_;    // by pair_key(left id, right id)
  int32_t byte_ids_[256] = {};
  std::map<int64_t, std::string> beyond_;  // while loading: added behind the vocabulary
  std::vector<Added> added_;               // longest first
  bool starts_added_[256] = {};            // the bytes that added tokens start with
  bool whole_words_ = false;  // a word of the vocabulary is one token, whatever the merges say
  std::shared_ptr<const Splitter> splitter_;
};

}  // namespace showo
