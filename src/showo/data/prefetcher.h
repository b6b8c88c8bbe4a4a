// Prepares the samples of a walk ahead of the consumer. Workers take turns at drawing and prepare
// side by side; results lie in a ring in the order of drawing, so what is delivered, in which
// order, and with which position is the same for any number of workers, none included.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include "showo/data/walk.h"

namespace showo {

class Prefetcher {
 public:
  /// Runs on worker threads at the same time for different samples.
  using Prepare = std::function<void(Drawn&)>;

  /// `threads` 0: next() draws and prepares itself. `ahead` bounds the samples drawn and not yet
  /// delivered.
  Prefetcher(Walk walk, Prepare prepare, int64_t threads, int64_t ahead);
  /// Waits for the workers, each at most for the sample in its hands.
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  /// The next in order. What a worker threw is thrown here, in its place in the order and again at
  /// every later call.
  Drawn next();

 private:
  struct Slot {
    bool ready = false;
    Drawn drawn;
    std::exception_ptr failure;
  };
  void work();
  std::optional<int64_t> wait_for_room();
  void deliver(int64_t number, Slot slot);

  Walk walk_;
  Prepare prepare_;
  std::mutex turn_;   // held while drawing
  std::mutex mutex_;  // guards what follows
  std::condition_variable room_, ready_;
  std::vector<Slot> ring_;
  int64_t drawn_ = 0, delivered_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace showo
