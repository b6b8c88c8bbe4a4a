// Work on its way: what a Python task and every call that waits stand on. Waiting is done without
// the GIL and in slices, so that the interpreter sees signals between them.
#pragma once

#include <nanobind/nanobind.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "python/bindings/callback.h"
#include "showo/error.h"
#include "showo/pending.h"

namespace nb = nanobind;

namespace showo::python {

/// Set by who wants the work to end; every callback of the work looks.
class Stop {
 public:
  void set() { *set_ = true; }
  /// Throws Cancelled when it is set.
  void check() const {
    if (*set_) throw Cancelled("it was cancelled");
  }

 private:
  std::shared_ptr<std::atomic<bool>> set_ = std::make_shared<std::atomic<bool>>(false);
};

class Running {
 public:
  virtual ~Running() = default;
  /// False: it is not finished yet.
  virtual bool wait_for(std::chrono::milliseconds most) = 0;
  /// It ends within the step that is being computed.
  virtual void cancel() = 0;
  /// Waits, and lets go of the model; without the GIL.
  virtual void settle() = 0;
  /// Waits; once. Throws what went wrong.
  virtual nb::object result() = 0;
};

/// Work whose result is a T, which `convert` makes Python's. One thread at a time takes the result;
/// the rest may be called from any.
template <class T>
class RunningTo : public Running {
 public:
  using Convert = std::function<nb::object(T&&)>;
  RunningTo(Pending<T> task, Stop stop, Convert convert)
      : task_(std::move(task)), stop_(std::move(stop)), convert_(std::move(convert)) {}
  /// Work that nobody waits for any more is cancelled.
  ~RunningTo() override {
    cancel();
    apart([task = std::move(task_)] {});
  }
  bool wait_for(std::chrono::milliseconds most) override {
    return without_gil([&] {
      const Pending<T> task = held();
      return !task.valid() || task.wait_for(most);
    });
  }
  void cancel() override {
    stop_.set();
    without_gil([&] {
      Pending<T> task = held();
      if (task.valid()) task.cancel();
    });
  }
  void settle() override {
    const std::lock_guard lock(settling_);
    Pending<T> task = held();
    if (!task.valid()) return;
    try {
      value_ = task.get();
    } catch (...) {
      error_ = std::current_exception();
    }
    const std::lock_guard now(mutex_);
    task_ = {};
  }
  nb::object result() override {
    without_gil([&] { settle(); });
    if (error_) std::rethrow_exception(error_);
    return convert_(std::move(value_.value()));
  }

 private:
  Pending<T> held() const {
    const std::lock_guard lock(mutex_);
    return task_;
  }
  mutable std::mutex mutex_;  // of task_
  std::mutex settling_;
  Pending<T> task_;
  Stop stop_;
  Convert convert_;
  std::optional<T> value_;
  std::exception_ptr error_;
};

/// What a thread of its own computes, as a task's state.
template <class T>
class ThreadState : public PendingState {
 public:
  explicit ThreadState(std::function<T()> work)
      : result_(std::async(std::launch::async, [this, work = std::move(work)] {
                  const Ending ending{*this};
                  return work();
                }).share()) {}
  bool finished() const override { return wait_for(std::chrono::milliseconds(0)); }
  bool wait_for(std::chrono::milliseconds most) const override {
    return result_.wait_for(most) == std::future_status::ready;
  }
  void cancel() override {}  // its callbacks look at the Stop
  void when_finished(std::function<void()> told) override {
    {
      const std::lock_guard lock(mutex_);
      if (!ended_) return listeners_.push_back(std::move(told));
    }
    told();
  }
  T result() const { return result_.get(); }

 private:
  // Of the work, whether it returns or throws.
  struct Ending {
    ThreadState& state;
    ~Ending() {
      std::vector<std::function<void()>> listeners;
      {
        const std::lock_guard lock(state.mutex_);
        state.ended_ = true;
        listeners.swap(state.listeners_);
      }
      for (const auto& told : listeners) told();
    }
  };
  std::mutex mutex_;
  bool ended_ = false;
  std::vector<std::function<void()>> listeners_;
  std::shared_future<T> result_;  // whose end waits for the thread
};

template <class T>
Pending<T> in_thread(std::function<T()> work) {
  const auto state = std::make_shared<ThreadState<T>>(std::move(work));
  return Pending<T>(state, [state] { return state->result(); });
}

}  // namespace showo::python
