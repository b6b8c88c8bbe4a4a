// Beginnings of rows that were read, shared by all rows that begin alike: a picture with ten
// questions is read once, and a prompt drawn from ten seeds.
#pragma once

#include <list>
#include <vector>

#include "showo/generate/context.h"

namespace showo {

/// What a row's tokens are to each other: a symbol a token, equal only where id, features, kind and
/// position are, and where a row may be cut.
struct PrefixKey {
  std::vector<int64_t> symbols;
  Segments segments;
  /// `features` of the row's pictures, if they are seen so.
  explicit PrefixKey(const Row& row, const Tensor& features = {});
  /// The most tokens, not more than `most`, that both begin with and that see nothing of what
  /// follows them, so that their keys and values are the same.
  int64_t common(const PrefixKey& other, int64_t most) const;
};

/// Not thread-safe.
class PrefixCache {
 public:
  /// Keeps so many bytes of keys and values; what was not used for longest goes first.
  explicit PrefixCache(int64_t most_bytes) : most_bytes_(most_bytes) {}
  /// How many of the row's first `most` tokens are kept.
  int64_t known(const PrefixKey& key, int64_t most) const;
  /// They themselves: `cache`, which is empty, holds as many afterwards.
  void find(const PrefixKey& key, int64_t most, KvCache& cache);
  /// Keeps all that the cache holds, which is the row's beginning.
  void add(PrefixKey key, KvCache& cache);
  /// Of all keys and values that are kept, each counted once.
  int64_t bytes() const;
  size_t size() const { return entries_.size(); }
  void clear() { entries_.clear(); }

 private:
  struct Entry {
    PrefixKey key;
    KvCache cache;
  };
  int64_t most_bytes_;
  std::list<Entry> entries_;  // the newest first
};

}  // namespace showo
