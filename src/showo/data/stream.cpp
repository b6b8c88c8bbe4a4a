#include "showo/data/stream.h"

#include "showo/core/random.h"
#include "showo/data/language.h"
#include "showo/data/shards.h"

namespace showo {

SampleStream::SampleStream(const std::string& shards, uint64_t seed, StreamPosition start)
    : shards_(find_shards(shards)), seed_(seed), position_(start) {}

void SampleStream::load() {
  std::vector<fs::path> order = shards_;
  Dice(derive_seed(seed_, position_.epoch)).shuffle(order);
  const fs::path& path = order[position_.shard % order.size()];
  loaded_.clear();
  ShardReader reader(path);
  while (auto sample = reader.next()) loaded_.push_back(std::move(*sample));
  if (loaded_.empty()) fail("{}: the shard holds no samples", path.string());
  Dice(derive_seed(derive_seed(seed_, position_.epoch), 1 + position_.shard)).shuffle(loaded_);
  is_loaded_ = true;
}

Sample SampleStream::next() {
  if (!is_loaded_) load();
  Sample sample = loaded_.at(position_.sample % loaded_.size());
  if (++position_.sample >= static_cast<int64_t>(loaded_.size())) {
    position_.sample = 0;
    is_loaded_ = false;
    if (++position_.shard >= static_cast<int64_t>(shards_.size()))
      position_ = {position_.epoch + 1, 0, 0};
  }
  return sample;
}

}  // namespace showo
