// Byte-pair encoding: neighbouring symbols are merged in the order in which their pairs were
// learned. What the first symbols are, bytes or characters, is its users' matter.
#pragma once

#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "showo/core/config.h"

namespace showo {

/// A vocabulary as its file spells it.
struct Spellings {
  std::vector<std::string> by_id;
  std::unordered_map<std::string, int32_t> ids;
};

/// Throws Error unless the ids are 0 … size−1, each once.
Spellings read_vocabulary(const Json& vocabulary, const std::string& where);

/// Pairs of spellings in the order in which they were learned.
using MergeList = std::vector<std::pair<std::string, std::string>>;
/// "left right" → the two; throws Error on anything else.
std::pair<std::string, std::string> split_merge(const std::string& line, const std::string& where);

class Merges {
 public:
  /// Throws Error naming a token that is not in the vocabulary. Merges to `forbidden` ids are left
  /// out.
  Merges(const MergeList& list, const Spellings& vocabulary, const std::set<int64_t>& forbidden,
         const std::string& where);

  /// Merges `scratch.word`, which is empty afterwards, and appends what it comes to; n·log n steps.
  struct Scratch;
  void encode(Scratch& scratch, std::vector<int64_t>& ids) const;

 private:
  struct Merge {
    int32_t rank, id;
  };
  struct Candidate;
  std::optional<Candidate> candidate_at(const Scratch& scratch, int32_t left) const;
  static uint64_t pair_key(int64_t left, int64_t right) {
    return static_cast<uint64_t>(left) << 32 | static_cast<uint64_t>(right);
  }
  std::unordered_map<uint64_t, Merge> merges_;  // by pair_key(left id, right id)
};

/// A merge that may be done: the better (lower) rank first, then from left to right.
struct Merges::Candidate {
  int32_t rank, left, left_id, right_id, merged;
};

/// A word's symbols as ids, and the memory that merging them takes.
struct Merges::Scratch {
  struct Symbol {
    int32_t id;
    int32_t before, after;  // −1 at the ends
  };
  std::vector<int32_t> word;
  std::vector<Symbol> symbols;
  std::vector<Candidate> queue;
};

}  // namespace showo
