// The thread that computes an engine's passes while someone waits for what they give.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

#include "showo/generate/engine.h"

namespace showo {

class Stepper {
 public:
  explicit Stepper(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {}
  /// Waits for the pass that is being computed. The thread itself may be the caller, when what a
  /// job's callback held goes with the job: then it ends behind that pass.
  ~Stepper();
  /// From the first call on there is a thread.
  void start();

 private:
  std::shared_ptr<Engine> engine_;
  std::shared_ptr<std::atomic<bool>> ends_ = std::make_shared<std::atomic<bool>>(false);
  std::once_flag started_;
  std::thread thread_;
};

}  // namespace showo
