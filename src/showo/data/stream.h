// An endless stream of samples, ready to use: pictures read and decoded, by threads ahead of the
// consumer if the recipe says so, corrupt ones skipped. Order and position are the walk's, however
// many threads work.
#pragma once

#include <set>

#include "showo/data/prefetcher.h"

namespace showo {

/// What a stream's samples are wanted for beside their pictures. What nobody wants may be missing
/// or damaged.
enum class Texts { kNone, kCaption, kCaptionOrTurns, kStory };

struct StreamOptions {
  Slice slice = {};
  bool decode = false;  // fill Sample::picture, of stories those of their frames; what cannot be
                        // decoded is skipped
  int side = 0;  // of decoded pictures: resized and cropped to the centre; 0: left as they are
  Texts texts = Texts::kCaptionOrTurns;
};

class SampleStream {
 public:
  /// Throws Error when the source cannot be opened or holds nothing.
  SampleStream(const SourceConfig& config, uint64_t seed, StreamPosition start = {},
               const StreamOptions& options = {});
  /// Throws Error when more different samples were corrupt than the recipe's max_corrupt lets pass.
  /// Pictures without the text that is wanted are told once a file.
  Sample next();
  /// Where a new stream goes on after the last sample that next() returned.
  StreamPosition position() const { return position_; }
  /// Goes on from there, as a new stream would; what was corrupt stays counted.
  void go_to(StreamPosition position);
  /// How many different samples were skipped.
  int64_t corrupt() const { return static_cast<int64_t>(corrupt_.size()); }

 private:
  void skip(const Drawn& drawn);
  void tell_if_textless(const Sample& sample);
  SourceConfig config_;
  std::shared_ptr<data::Source> source_;
  uint64_t seed_;
  StreamOptions options_;
  StreamPosition position_;
  std::set<std::string> corrupt_;  // their messages: a later epoch's repetition counts once
  int64_t drawn_ = 0;
  std::set<std::string> textless_;  // the files told of
  std::unique_ptr<Prefetcher> samples_;
};

}  // namespace showo
