// Keys and values of what was already read, so that it is not read again.
#pragma once

#include "showo/core/torch.h"

#include <memory>
#include <vector>

#include "showo/nn/key_runs.h"

namespace showo {

using torch::Tensor;

/// A pair a layer. What was read before a fork lies in blocks that all forks share and none
/// changes; what came later lies in a buffer of the cache's own, with room to grow.
class KvCache {
 public:
  explicit KvCache(int64_t layers) : own_(layers) {}
  KvCache(KvCache&&) = default;
  KvCache& operator=(KvCache&&) = default;
  /// An independent cache that holds the same tokens, without a copy of them.
  KvCache fork();

  /// Appends this call's keys and values [G, T, D] and returns all of them, for use before the next
  /// call.
  KeyRuns append(int64_t layer, const Tensor& k_GTD, const Tensor& v_GTD);
  /// Puts them where tokens already are instead, `places` int64 [T], none of them in a shared
  /// block; the length stays.
  KeyRuns put(int64_t layer, const Tensor& places_T, const Tensor& k_GTD, const Tensor& v_GTD);
  int64_t length() const { return shared_length() + own_[0].length; }
  /// Forgets all but the first `length` tokens; the cache's own room stays.
  void truncate(int64_t length);
  /// Makes it as long with zeros, that `put` fills, all of it in one buffer of its own: what a
  /// recording of work on it needs.
  void extend(int64_t length);

  int64_t layers() const { return std::ssize(own_); }
  /// Tokens in shared blocks.
  int64_t shared_length() const;
  /// What its blocks are, for counting what several caches hold: an address, and bytes.
  std::vector<std::pair<const void*, int64_t>> blocks() const;

 private:
  struct Layer {
    Tensor keys, values;  // [G, room, D]
    int64_t length = 0;
  };
  struct Part {
    std::shared_ptr<const std::vector<Layer>> block;
    int64_t length;  // of its tokens, how many are in use
  };
  KeyRuns runs(int64_t layer) const;
  std::vector<Part> parts_;
  std::vector<Layer> own_;
};

}  // namespace showo
