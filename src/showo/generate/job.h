// What the engine runs: a picture, an answer, a story. A job says which sequences it wants computed
// next and takes their logits; it never calls the model itself, so that any number of jobs can be
// computed in one pass.
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "showo/generate/context.h"

namespace showo {

class Job {
 public:
  enum class State {
    kNew,      // not submitted yet
    kWaiting,  // for its turn
    kRunning,
    kDone,  // came to its end, or was stopped by its callback
    kCancelled,
    kFailed,  // error() says why
  };
  virtual ~Job() = default;

  /// A row to be read before the job begins, together with other jobs' and only as far as it was
  /// not read for another one.
  struct Beginning {
    Row row;
    Tensor features{};    // of its pictures, if they are seen so
    bool logits = false;  // whether those after its last token are wanted
  };
  virtual std::vector<Beginning> beginnings() = 0;
  /// Those rows read, and the logits [V] after each that wanted them.
  virtual void begin(std::vector<Context> read, std::vector<Tensor> logits) = 0;
  /// What is to be computed next; never nothing, until the job is done.
  virtual std::vector<Request> next() = 0;
  /// The logits of each (Request).
  virtual void take(std::vector<Tensor> logits) = 0;
  virtual bool done() const = 0;
  /// Its next step by itself on a GPU, recorded and replayed. False: it has none.
  virtual bool step_alone(const Network&) { return false; }
  /// Gives back all keys and values.
  virtual void release() = 0;

  /// Whether a step of it is a picture's, of many tokens.
  virtual bool draws() const { return false; }
  /// Tokens that its caches hold at most.
  virtual int64_t most_tokens() const = 0;

  State state() const { return state_; }
  bool finished() const { return state_ > State::kRunning; }
  /// Of a job that failed.
  const std::exception_ptr& error() const { return error_; }

 private:
  friend class Engine;
  std::atomic<State> state_ = State::kNew;
  std::exception_ptr error_;
  std::vector<std::function<void()>> told_;  // when it has left the engine
};

/// Jobs for an engine, and what is made of them when all are finished.
template <class T>
struct Jobs {
  std::vector<std::shared_ptr<Job>> jobs;
  std::function<T()> result;
};

}  // namespace showo
