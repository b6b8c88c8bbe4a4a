// How a Model's work is done: its jobs run and waited for, or started. Private to this folder.
#pragma once

#include "showo/api/stepper.h"
#include "showo/generate/pipeline.h"
#include "showo/model.h"

namespace showo {

struct Model::Opened {
  std::shared_ptr<Pipeline> pipeline;
  ModelInfo info;
  Stepper stepper{pipeline->shared_engine()};
};

// Jobs of an engine; `owner` keeps all alive that they need.
class JobsState : public PendingState {
 public:
  JobsState(std::shared_ptr<void> owner, std::shared_ptr<Engine> engine,
            std::vector<std::shared_ptr<Job>> jobs)
      : owner_(std::move(owner)), engine_(std::move(engine)), jobs_(std::move(jobs)) {}
  bool finished() const override { return std::ranges::all_of(jobs_, &Job::finished); }
  bool wait_for(std::chrono::milliseconds most) const override {
    const auto end = std::chrono::steady_clock::now() + most;
    return std::ranges::all_of(jobs_, [&](const auto& job) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
      return engine_->wait_for(job, std::max(left, std::chrono::milliseconds(0)));
    });
  }
  void cancel() override {
    for (const auto& job : jobs_) engine_->cancel(job);
  }
  void when_finished(std::function<void()> told) override {
    const auto left = std::make_shared<std::atomic<size_t>>(jobs_.size());
    const auto one = [left, told = std::move(told)] {
      if (--*left == 0) told();
    };
    for (const auto& job : jobs_) engine_->when_finished(job, one);
  }
  int64_t ahead() const override {
    int64_t most = 0;
    for (const auto& job : jobs_) most = std::max(most, engine_->ahead_of(job));
    return most;
  }
  // Throws what went wrong.
  void check() const {
    for (const auto& job : jobs_) {
      if (job->error()) std::rethrow_exception(job->error());
      if (job->state() == Job::State::kCancelled) throw Cancelled("it was cancelled");
    }
  }

 private:
  std::shared_ptr<void> owner_;
  std::shared_ptr<Engine> engine_;
  std::vector<std::shared_ptr<Job>> jobs_;
};

inline bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

template <class T>
T run(const Jobs<T>& work, Engine& engine, const std::string& client) {
  engine.run(work.jobs, client);
  return work.result();
}

template <class T, class Owner>
Pending<T> started(Jobs<T> work, const std::shared_ptr<Owner>& owner, const std::string& client) {
  const auto engine = owner->pipeline->shared_engine();
  const auto state = std::make_shared<JobsState>(owner, engine, work.jobs);
  try {
    for (const auto& job : work.jobs) engine->submit(job, client);
  } catch (...) {
    state->cancel();
    throw;
  }
  owner->stepper.start();
  return Pending<T>(state, [state, result = std::move(work.result)] {
    state->check();
    return result();
  });
}

}  // namespace showo
