#include "showo/train/epochs.h"

#include "showo/core/log.h"

namespace showo {

void Epochs::begin(std::vector<StreamPosition> at, int64_t passed) {
  begin_ = std::move(at);
  passed_ = passed;
}

bool Epochs::pass(const std::vector<StreamPosition>& now, TrainerPlace& place) {
  bool over = epoch_over(mixing_, begin_, now);
  if (const int size = place.group.size(); size > 1) {
    auto count = torch::full({}, over ? 1 : 0, torch::device(place.device).dtype(torch::kLong));
    place.group.sum(count);
    over = count.item<int64_t>() >= (mixing_ == Mixing::kMinSize ? 1 : size);
  }
  if (!over) return false;
  begin_ = next_epoch(mixing_, begin_, now);
  ++passed_;
  return mixing_ == Mixing::kMinSize;
}

std::vector<StreamPosition> gather_positions(const std::vector<StreamPosition>& mine,
                                             TrainerPlace& place) {
  const auto streams = static_cast<int64_t>(mine.size());
  auto numbers = torch::zeros({place.group.size(), streams, 3}, torch::kLong);
  for (int64_t i = 0; i < streams; ++i) {
    numbers[place.group.rank()][i] = torch::tensor({mine[i].epoch, mine[i].shard, mine[i].sample});
  }
  auto all = numbers.to(place.device);
  place.group.sum(all);
  all = all.cpu().view({-1, 3});
  std::vector<StreamPosition> positions;
  for (int64_t i = 0; i < all.size(0); ++i) {
    positions.push_back(
        {all[i][0].item<int64_t>(), all[i][1].item<int64_t>(), all[i][2].item<int64_t>()});
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
