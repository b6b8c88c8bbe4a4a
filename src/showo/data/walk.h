// The endless way through a source: parts in an order drawn anew each epoch, their samples through
// a shuffling buffer that never outlives its part. Everything follows from the seed, so the
// position is three numbers and a resumed walk neither repeats nor skips a sample.
#pragma once

#include "showo/data/source.h"

namespace showo {

struct StreamPosition {
  int64_t epoch = 0, part = 0, sample = 0;
  template <class V>
  void visit(V& v) {
    v(epoch, "epoch", "passes over the source so far", at_least(0));
    v(part, "shard", "place in this epoch's order of parts (shards, row groups, entries)",
      at_least(0));
    v(sample, "sample", "samples drawn from the part", at_least(0));
  }
  bool operator==(const StreamPosition&) const = default;
};

/// The share of one process (and of one worker in it): the shares of all indices are disjoint and
/// together the whole.
struct Slice {
  int64_t index = 0, count = 1;
  static Slice of(int64_t rank, int64_t ranks, int64_t worker = 0, int64_t workers = 1) {
    return {rank * workers + worker, ranks * workers};
  }
};

/// A sample or why there is none, where the walk drew it, and where it goes on.
struct Drawn {
  Sample sample;
  std::string error;
  StreamPosition at, after;
};

class Walk {
 public:
  /// `buffer`: samples in the shuffling buffer; 0 keeps the source's order. Whole parts are shared
  /// out where there are enough of them, single samples otherwise.
  Walk(std::shared_ptr<data::Source> source, std::string title, uint64_t seed, Slice slice,
       int64_t buffer, StreamPosition start);
  /// Throws Error when a whole epoch holds nothing for this slice.
  Drawn draw();

 private:
  int64_t place() const;
  void begin_part();
  void open_part();
  void end_part();
  std::optional<Drawn> read();
  Drawn take();

  std::shared_ptr<data::Source> source_;  // used by one walk at a time
  std::string title_;
  uint64_t seed_;
  Slice slice_;
  int64_t buffer_size_;
  bool by_part_;
  StreamPosition position_;
  std::vector<int64_t> order_;
  int64_t ordered_epoch_ = -1;
  std::unique_ptr<data::PartReader> reader_;
  int64_t read_ = 0;  // samples of the part, counted from the slice that has the first
  std::vector<Drawn> buffer_;
  Dice dice_{0};
};

}  // namespace showo
