#include "showo/api/stepper.h"

namespace showo {

Stepper::~Stepper() {
  *ends_ = true;
  if (!thread_.joinable()) return;
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

void Stepper::start() {
  std::call_once(started_, [this] {
    thread_ = std::thread([engine = engine_, ends = ends_] {
      while (!*ends) {
        if (!engine->step()) engine->wait(std::chrono::milliseconds(50));
      }
    });
  });
}

}  // namespace showo
