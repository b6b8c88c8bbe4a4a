#include "showo/data/walk.h"

#include <numeric>

namespace showo {

Walk::Walk(std::shared_ptr<data::Source> source, std::string title, uint64_t seed, Slice slice,
           int64_t buffer, StreamPosition start)
    : source_(std::move(source)),
      title_(std::move(title)),
      seed_(seed),
      slice_(slice),
      buffer_size_(buffer),
      by_part_(source_->parts() >= slice.count),
      position_(start) {
  if (slice.count < 1 || slice.index < 0 || slice.index >= slice.count)
    fail("{}: slice {} of {}: expected an index below the count", title_, slice.index, slice.count);
  if (buffer < 0) fail("{}: shuffle {}: expected 0 or more", title_, buffer);
  if (start.epoch < 0 || start.part < 0 || start.sample < 0) {
    fail("{}: position {}, {}, {}: expected numbers from 0 on", title_, start.epoch, start.part,
         start.sample);
  }
}

// Where the slice's current part stands in the epoch's order of all parts.
int64_t Walk::place() const {
  return by_part_ ? position_.part * slice_.count + slice_.index : position_.part;
}

void Walk::open_part() {
  const uint64_t epoch_seed = derive_seed(seed_, position_.epoch);
  if (ordered_epoch_ != position_.epoch) {
    order_.resize(source_->parts());
    std::iota(order_.begin(), order_.end(), 0);
    if (buffer_size_ > 0) Dice(epoch_seed).shuffle(order_);
    ordered_epoch_ = position_.epoch;
  }
  const int64_t part = order_[place()];
  const uint64_t part_seed = derive_seed(epoch_seed, 1 + part);
  dice_ = Dice(part_seed);
  // Where single samples are shared out, each part begins with another slice: short parts serve
  // all.
  read_ = by_part_ ? 0 : place() * slice_.count / source_->parts();
  buffer_.clear();
  try {
    reader_ = source_->open(part, derive_seed(part_seed, 1));
  } catch (const Error& error) {
    reader_.reset();
    buffer_.push_back({{}, error.what(), {}, {}});
  }
}

// The slice's next sample of the part, in the part's own order.
std::optional<Drawn> Walk::read() {
  while (reader_) {
    Drawn drawn;
    try {
      auto sample = reader_->next();
      if (!sample) break;
      drawn.sample = std::move(*sample);
    } catch (const CorruptSample& error) {
      drawn.error = error.what();
    } catch (const Error& error) {
      drawn.error = error.what();
      reader_.reset();
    }
    if (by_part_ || read_++ % slice_.count == slice_.index) return drawn;
  }
  reader_.reset();
  return std::nullopt;
}

// One sample out of the buffer, the next read into its place.
Drawn Walk::take() {
  std::swap(buffer_[dice_.below(buffer_.size())], buffer_.back());
  Drawn drawn = std::move(buffer_.back());
  buffer_.pop_back();
  if (auto next = read()) buffer_.push_back(std::move(*next));
  return drawn;
}

// Opens the part at the position, or the first after it that holds something, and draws again what
// was drawn from it before.
void Walk::begin_part() {
  for (int64_t fruitless = 0; buffer_.empty();) {
    if (place() >= source_->parts()) {
      if (++fruitless > 1)
        fail("{}: holds nothing for slice {} of {}", title_, slice_.index, slice_.count);
      position_ = {position_.epoch + 1, 0, 0};
      continue;
    }
    open_part();
    while (static_cast<int64_t>(buffer_.size()) < std::max<int64_t>(1, buffer_size_)) {
      auto next = read();
      if (!next) break;
      buffer_.push_back(std::move(*next));
    }
    for (int64_t i = 0; i < position_.sample && !buffer_.empty(); ++i) take();
    if (buffer_.empty()) end_part();
  }
}

void Walk::end_part() { position_ = {position_.epoch, position_.part + 1, 0}; }

Drawn Walk::draw() {
  if (buffer_.empty()) begin_part();
  Drawn drawn = take();
  drawn.at = position_;
  ++position_.sample;
  if (buffer_.empty()) {  // to the next that holds something, so that the epoch ends when it does
    end_part();
    begin_part();
  }
  drawn.after = position_;
  return drawn;
}

}  // namespace showo
