#include "showo/train/streams.h"

#include <chrono>
#include <utility>

namespace showo {

Streams::Streams(std::vector<std::unique_ptr<SampleStream>> streams, const std::string& mixing)
    : streams_(std::move(streams)), epochs_(mixing) {
  epochs_.begin(positions(), 0);
}

std::vector<SampleStream*> Streams::present() const {
  std::vector<SampleStream*> present;
  for (const auto& stream : streams_) {
    if (stream) present.push_back(stream.get());
  }
  return present;
}

std::vector<StreamPosition> Streams::positions() const {
  std::vector<StreamPosition> positions;
  for (const auto* stream : present()) positions.push_back(stream->position());
  return positions;
}

std::vector<Sample> Streams::take(size_t stream, int64_t count) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<Sample> samples;
  for (int64_t i = 0; i < count; ++i) samples.push_back(streams_[stream]->next());
  waited_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return samples;
}

void Streams::pass_epoch(TrainerPlace& place) {
  if (!epochs_.pass(positions(), place)) return;
  const auto streams = present();
  for (size_t i = 0; i < streams.size(); ++i) streams[i]->go_to(epochs_.begin()[i]);
}

int64_t Streams::corrupt() const {
  int64_t corrupt = 0;
  for (const auto* stream : present()) corrupt += stream->corrupt();
  return corrupt;
}

double Streams::waited() { return std::exchange(waited_, 0); }

void Streams::save(RunState& state, TrainerPlace& place) const {
  std::vector<StreamPosition> mine;
  for (const auto& stream : streams_)
    mine.push_back(stream ? stream->position() : StreamPosition{});
  state.streams = gather_positions(mine, place);
  state.epoch = epochs_.passed();
  state.epoch_begin = gather_positions(epochs_.begin(), place);
}

void Streams::load(const RunState& state, const Group& group) {
  const auto places = positions_for(state.streams, streams_.size(), group);
  for (size_t i = 0; i < streams_.size(); ++i) {
    if (streams_[i]) streams_[i]->go_to(places[i]);
  }
  const size_t streams = present().size();
  const bool same_shares = state.epoch_begin.size() == streams * group.size();
  epochs_.begin(same_shares ? positions_for(state.epoch_begin, streams, group) : positions(),
                state.epoch);
}

}  // namespace showo
