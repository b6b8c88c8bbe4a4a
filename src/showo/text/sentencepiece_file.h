// A sentencepiece model's file (sentencepiece_model.proto), as far as its library does not tell or
// check it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "showo/core/files.h"

namespace showo {

struct SentencePieceFile {
  enum Type { kNormal = 1, kUnknown, kControl, kUserDefined, kUnused, kByte };
  struct Piece {
    std::string text;
    Type type = kNormal;
  };
  std::vector<Piece> pieces;  // by id
  std::string bytes;
  std::string bos = "<s>", eos = "</s>";
  bool adds_space = true;      // before every text
  bool removes_spaces = true;  // at the ends, and of several all but one

  /// The model with `controls` as control pieces, which never come of text, and without the space
  /// before texts unless `adds_space`.
  std::string model(const std::set<int64_t>& controls, bool adds_space) const;
};

/// Throws Error naming the file when it is none, and naming the field that is not supported.
SentencePieceFile read_sentencepiece_file(const fs::path& path);

}  // namespace showo
