#include "python/bindings/loaded.h"

namespace showo::python {

Loaded::Loaded(const std::string& folder, const ModelOptions& options) : folder_(folder) {
  model_.emplace(folder, options);
}

Loaded::~Loaded() { close(); }

const Model& Loaded::model() const {
  if (!model_) throw UsageError("the model " + folder_ + " was closed");
  if (process_ != ::getpid()) {
    throw UsageError("the model " + folder_ +
                     " belongs to the process that loaded it, not to its fork: load it here");
  }
  return *model_;
}

void Loaded::close() {
  auto running = std::exchange(running_, {});
  auto model = std::exchange(model_, std::nullopt);
  if (process_ != ::getpid()) {
    // What a fork copied of it cannot be taken down: its threads are missing.
    if (model) new Model(*model);
    return;
  }
  apart([running = std::move(running), model = std::move(model)]() mutable {
    for (const auto& one : running) {
      if (const auto alive = one.lock()) alive->cancel();
    }
    for (const auto& one : running) {
      if (const auto alive = one.lock()) alive->settle();
    }
    model.reset();
  });
}

std::shared_ptr<Running> Loaded::kept(std::shared_ptr<Running> running) {
  std::erase_if(running_, [](const auto& one) { return one.expired(); });
  running_.push_back(running);
  return running;
}

}  // namespace showo::python
