#include "showo/train/epochs.h"

#include "showo/core/log.h"

namespace showo {

void Epochs::begin(std::vector<StreamPosition> at, int64_t passed) {
  begin_ = std::move(at);
  passed_ = passed;
}

bool Epochs::pass(const std::vector<StreamPosition>& now, TrainerPlace& place) {
  const double over = place.group.agree({epoch_over(mixing_, begin_, now) ? 1.0 : 0.0})[0];
  if (over < (mixing_ == Mixing::kMinSize ? 1 : place.group.size())) return false;
  begin_ = next_epoch(mixing_, begin_, now);
  ++passed_;
  return mixing_ == Mixing::kMinSize;
}

std::vector<StreamPosition> gather_positions(const std::vector<StreamPosition>& mine,
                                             TrainerPlace& place) {
  const size_t each = mine.size() * 3;
  std::vector<double> numbers(place.group.size() * each);
  for (size_t i = 0; i < mine.size(); ++i) {
    double* at = &numbers[place.group.rank() * each + i * 3];
    at[0] = static_cast<double>(mine[i].epoch);
    at[1] = static_cast<double>(mine[i].part);
    at[2] = static_cast<double>(mine[i].sample);
  }
  numbers = place.group.agree(std::move(numbers));
  std::vector<StreamPosition> positions;
  for (size_t i = 0; i < numbers.size(); i += 3) {
    positions.push_back({static_cast<int64_t>(numbers[i]), static_cast<int64_t>(numbers[i + 1]),
                         static_cast<int64_t>(numbers[i + 2])});
  }
  return positions;
}

std::vector<StreamPosition> positions_for(const std::vector<StreamPosition>& all, size_t streams,
                                          const Group& group) {
  const size_t processes = all.size() / streams;
  if (processes == static_cast<size_t>(group.size())) {
    const auto first = all.begin() + static_cast<int64_t>(group.rank() * streams);
    return {first, first + static_cast<int64_t>(streams)};
  }
  std::vector<StreamPosition> mine(streams);
  for (size_t i = 0; i < all.size(); ++i)
    mine[i % streams].epoch = std::max(mine[i % streams].epoch, all[i].epoch + 1);
  spdlog::info("{} processes before, {} now: the data go on with a new epoch", processes,
               group.size());
  return mine;
}

}  // namespace showo
