// Signs of life: each process counts up a number of its own in the job's store, so that others can
// tell one that is long at work from one that is gone.
#pragma once

#include <chrono>
#include <memory>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <torch/csrc/distributed/c10d/Work.hpp>

namespace showo {

class Pulse {
 public:
  /// `store` is a connection of its own: one that waits for a key would hold the signs up.
  Pulse(c10::intrusive_ptr<c10d::Store> store, int rank, int size, std::chrono::milliseconds limit);
  ~Pulse();
  Pulse(const Pulse&) = delete;
  Pulse& operator=(const Pulse&) = delete;

  /// Gives signs of life from now on. Every process has to have its Pulse by then.
  void start();
  void stop();
  /// Waits for the work's end, however long it takes. Throws Error when another process has given
  /// no sign of life for the limit.
  void wait(c10d::Work& work) const;

 private:
  struct State;
  std::shared_ptr<State>
      state_;  // also its thread's, which nobody waits for: the store may be gone
};

}  // namespace showo
