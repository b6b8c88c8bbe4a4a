// What is being computed: like std::future, and it can be cancelled.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace showo {

/// Held by a Pending: what an engine does for it.
class PendingState {
 public:
  virtual ~PendingState() = default;
  virtual bool finished() const = 0;
  /// False: it is not finished yet.
  virtual bool wait_for(std::chrono::milliseconds most) const = 0;
  virtual void cancel() = 0;
  /// Jobs that were there before it and wait as it does.
  virtual int64_t ahead() const { return 0; }
  virtual void when_finished(std::function<void()> told) = 0;
};

/// A result to come. Those of one model are computed side by side, by a thread of the model's. One
/// may be handed from thread to thread, but is used by one at a time; one that is dropped goes on
/// without anyone to take its result.
template <class T>
class Pending {
 public:
  Pending() = default;
  /// `result` is called once, when the state is finished; it throws what went wrong.
  Pending(std::shared_ptr<PendingState> state, std::function<T()> result)
      : state_(std::move(state)), result_(std::move(result)) {}

  bool valid() const { return state_ != nullptr; }
  bool finished() const { return checked().finished(); }
  bool wait_for(std::chrono::milliseconds most) const { return checked().wait_for(most); }
  /// Jobs that came before it and wait as it does; 0 as soon as it is being computed.
  int64_t ahead() const { return checked().ahead(); }
  /// Is told once when it is finished, at once if it is, by a thread that computes: it may not
  /// wait, nor use the Model or a Pending.
  void when_finished(std::function<void()> told) { checked().when_finished(std::move(told)); }
  void wait() const {
    while (!wait_for(std::chrono::hours(1))) continue;
  }
  /// It leaves within the step that is being computed, and get() throws Cancelled; one that is
  /// finished stays as it is.
  void cancel() { checked().cancel(); }
  /// Waits. Once: it is not valid any more.
  T get() {
    wait();
    const auto result = std::move(result_);
    result_ = nullptr;
    state_.reset();
    return result();
  }

  /// The same, whose result is what `make` makes of this one's.
  template <class Make>
  auto then(Make make) && {
    return Pending<std::invoke_result_t<Make, T>>(
        std::move(state_),
        [result = std::move(result_), make = std::move(make)] { return make(result()); });
  }

 private:
  PendingState& checked() const {
    if (!state_) throw std::logic_error("nothing is pending, or the result was taken");
    return *state_;
  }
  std::shared_ptr<PendingState> state_;
  std::function<T()> result_;
};

}  // namespace showo
