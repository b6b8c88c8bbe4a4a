// An endless stream over shards: their order is drawn anew each epoch, the samples of a shard are
// shuffled in memory. The position is three numbers, so a resumed run neither repeats nor skips a
// sample.
#pragma once

#include "showo/core/config.h"
#include "showo/data/sample.h"

namespace showo {

struct StreamPosition {
  int64_t epoch = 0, shard = 0, sample = 0;
  template <class V>
  void visit(V& v) {
    v(epoch, "epoch", "passes over the shards so far");
    v(shard, "shard", "place in this epoch's order of shards");
    v(sample, "sample", "place in the shard's shuffled samples");
  }
};

class SampleStream {
 public:
  /// `shards` as for find_shards. Throws Error when there are none.
  SampleStream(const std::string& shards, uint64_t seed, StreamPosition start = {});
  Sample next();
  StreamPosition position() const { return position_; }

 private:
  void load();
  std::vector<fs::path> shards_;
  uint64_t seed_;
  StreamPosition position_;
  std::vector<Sample> loaded_;
  bool is_loaded_ = false;
};

}  // namespace showo
