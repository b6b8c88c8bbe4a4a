#include "showo/dist/pulse.h"

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "showo/core/error.h"

namespace showo {
namespace {

// How often the others are looked at within the time limit. Looks are counted and not seconds,
// which also pass while this process is stopped.
constexpr int kLooks = 12;

// Whether the work ended in this time.
bool ends_within(c10d::Work& work, std::chrono::milliseconds time) {
  try {
    return work.wait(time);
  } catch (const std::exception&) {
    if (!work.isCompleted()) return false;  // the time was up
    return work.wait();                     // throws why it failed
  }
}

}  // namespace

struct Pulse::State {
  c10::intrusive_ptr<c10d::Store> store;
  int rank;
  std::chrono::milliseconds limit;
  std::vector<std::string> keys;

  std::mutex mutex;
  std::condition_variable ends;
  bool ended = false;
  int64_t rounds = 0;                       // how often all were heard
  std::vector<std::vector<uint8_t>> beats;  // of all processes
  std::vector<int> silent;                  // rounds without a change

  // Shorter than the limit's part, so that the last look is within it.
  std::chrono::milliseconds interval() const { return limit / (kLooks + 3); }

  void hear(std::vector<std::vector<uint8_t>> now) {
    const std::lock_guard lock(mutex);
    beats.resize(now.size());
    silent.resize(now.size());
    for (size_t i = 0; i < now.size(); ++i) silent[i] = now[i] == beats[i] ? silent[i] + 1 : 0;
    beats = std::move(now);
    ++rounds;
  }

  void beat() {
    try {
      for (bool goes_on = true; goes_on;) {
        store->add(keys[rank], 1);
        hear(store->multiGet(keys));
        std::unique_lock lock(mutex);
        goes_on = !ends.wait_for(lock, interval(), [this] { return ended; });
      }
    } catch (const std::exception&) {  // the store's process is gone: whoever waits finds that out
    }
  }
};

Pulse::Pulse(c10::intrusive_ptr<c10d::Store> store, int rank, int size,
             std::chrono::milliseconds limit)
    : state_(std::make_shared<State>()) {
  state_->store = std::move(store);
  state_->rank = rank;
  state_->limit = limit;
  for (int other = 0; other < size; ++other) state_->keys.push_back(fmt::format("pulse/{}", other));
  state_->store->add(state_->keys[rank], 1);
}

Pulse::~Pulse() { stop(); }

void Pulse::stop() {
  const std::lock_guard lock(state_->mutex);
  state_->ended = true;
  state_->ends.notify_all();
}

void Pulse::start() {
  std::thread([state = state_] { state->beat(); }).detach();
}

void Pulse::wait(c10d::Work& work) const {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(state_->limit).count();
  int64_t rounds = -1;
  for (int unheard = 0; !ends_within(work, state_->interval());) {
    const std::lock_guard lock(state_->mutex);
    unheard = state_->rounds == rounds ? unheard + 1 : 0;
    rounds = state_->rounds;
    if (unheard > kLooks) fail("nothing was heard of any process for {} s", seconds);
    for (size_t other = 0; other < state_->silent.size(); ++other) {
      if (state_->silent[other] > kLooks)
        fail("process {} has given no sign of life for {} s", other, seconds);
    }
  }
}

}  // namespace showo
