#include "showo/data/prefetcher.h"

#include <spdlog/spdlog.h>

#include <system_error>

namespace showo {

Prefetcher::Prefetcher(Walk walk, Prepare prepare, int64_t threads, int64_t ahead)
    : walk_(std::move(walk)), prepare_(std::move(prepare)) {
  if (threads < 0 || threads > 256) fail("threads {}: expected 0 to 256", threads);
  if (ahead < 1 || ahead > 1'000'000) fail("ahead {}: expected 1 to 1000000", ahead);
  if (threads == 0) return;
  ring_.resize(ahead);
  // What is delivered does not depend on how many there are: fewer than wanted are only slower.
  try {
    workers_.reserve(threads);
    while (std::ssize(workers_) < threads) workers_.emplace_back([this] { work(); });
  } catch (const std::system_error& error) {
    spdlog::warn("threads {}: the system started {} of them ({})", threads, workers_.size(),
                 error.code().message());
  }
}

Prefetcher::~Prefetcher() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  room_.notify_all();
  for (auto& worker : workers_) worker.join();
}

std::optional<int64_t> Prefetcher::wait_for_room() {
  std::unique_lock lock(mutex_);
  room_.wait(lock,
             [&] { return stopping_ || drawn_ - delivered_ < static_cast<int64_t>(ring_.size()); });
  if (stopping_) return std::nullopt;
  return drawn_++;
}

void Prefetcher::deliver(int64_t number, Slot slot) {
  slot.ready = true;
  {
    std::lock_guard lock(mutex_);
    if (slot.failure) stopping_ = true;  // nothing after it will be asked for
    ring_[number % ring_.size()] = std::move(slot);
  }
  room_.notify_all();
  ready_.notify_one();
}

void Prefetcher::work() {
  for (;;) {
    Slot slot;
    std::optional<int64_t> number;
    try {
      std::lock_guard turn(turn_);
      number = wait_for_room();
      if (!number) return;
      slot.drawn = walk_.draw();
    } catch (...) {
      slot.failure = std::current_exception();
    }
    try {
      if (!slot.failure) prepare_(slot.drawn);
    } catch (...) {
      slot.failure = std::current_exception();
    }
    deliver(*number, std::move(slot));
  }
}

Drawn Prefetcher::next() {
  if (workers_.empty()) {
    Drawn drawn = walk_.draw();
    prepare_(drawn);
    return drawn;
  }
  std::unique_lock lock(mutex_);
  Slot& slot = ring_[delivered_ % ring_.size()];
  ready_.wait(lock, [&] { return slot.ready; });
  if (slot.failure) std::rethrow_exception(slot.failure);
  Drawn drawn = std::move(slot.drawn);
  slot = {};
  ++delivered_;
  lock.unlock();
  room_.notify_one();
  return drawn;
}

}  // namespace showo
