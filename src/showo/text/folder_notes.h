// The files beside a tokenizer: which tokens are special, which are added, and which begin and end
// texts.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "showo/core/files.h"
#include "showo/text/added_tokens.h"

namespace showo {

inline constexpr const char* kEndOfText = "<|endoftext|>";
inline constexpr const char* kStartOfText = "<|startoftext|>";  // CLIP's

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
/// Throws Error naming the file and key of what is wrong or not supported.
FolderNotes read_notes(const fs::path& folder);

}  // namespace showo
