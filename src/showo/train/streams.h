// The streams that a trainee draws from, and what a run remembers of them: where each process is in
// the data, when an epoch is over, how long a step waited.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "showo/data/stream.h"
#include "showo/train/epochs.h"
#include "showo/train/run.h"

namespace showo {

class Streams {
 public:
  /// In an order that a run keeps. What its recipe leaves out is null and has a place in it too.
  /// Throws Error for a mixing that is none (data/mixing.h).
  explicit Streams(std::vector<std::unique_ptr<SampleStream>> streams,
                   const std::string& mixing = "max_size_cycle");
  bool has(size_t stream) const { return stream < streams_.size() && streams_[stream]; }
  std::vector<Sample> take(size_t stream, int64_t count);

  /// After a step: counts an epoch that is over; under min_size all streams then begin anew.
  void pass_epoch(TrainerPlace& place);
  int64_t epoch() const { return epochs_.passed(); }
  /// How many samples were skipped.
  int64_t corrupt() const;
  /// Seconds that take() has waited since this was asked last.
  double waited();

  /// Where all processes are; every one of them has to ask.
  void save(RunState& state, TrainerPlace& place) const;
  /// Goes on from there, on however many processes.
  void load(const RunState& state, const Group& group);

 private:
  std::vector<SampleStream*> present() const;
  std::vector<StreamPosition> positions() const;  // of those present
  std::vector<std::unique_ptr<SampleStream>> streams_;
  Epochs epochs_;
  double waited_ = 0;
};

}  // namespace showo
