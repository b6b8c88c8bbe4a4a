// Epochs of a run over several endless streams (data/mixing.h). Steps are what limits a run; epochs
// are counted, and under min_size every stream begins anew with each.
#pragma once

#include "showo/data/mixing.h"
#include "showo/train/place.h"

namespace showo {

class Epochs {
 public:
  /// Throws Error for an unknown mode.
  explicit Epochs(const std::string& mixing) : mixing_(mixing_from(mixing)) {}
  /// A first epoch, or one that a run resumes in, began at these places of this process's streams.
  void begin(std::vector<StreamPosition> at, int64_t passed);
  /// After a step, with the streams at `now`. When an epoch is over – under max_size_cycle for all
  /// processes, under min_size for any – the next one begins, and true says that the streams have
  /// to go to begin(). Every process gets the same answer.
  bool pass(const std::vector<StreamPosition>& now, TrainerPlace& place);
  const std::vector<StreamPosition>& begin() const { return begin_; }
  int64_t passed() const { return passed_; }

 private:
  Mixing mixing_;
  std::vector<StreamPosition> begin_;
  int64_t passed_ = 0;
};

/// The positions of all processes, one process after another. Each brings as many.
std::vector<StreamPosition> gather_positions(const std::vector<StreamPosition>& mine,
                                             TrainerPlace& place);
/// This process's part of them. Of another number of processes, whose shares of the data were
/// others, each goes on with an epoch that none has begun.
std::vector<StreamPosition> positions_for(const std::vector<StreamPosition>& all, size_t streams,
                                          const Group& group);

}  // namespace showo
