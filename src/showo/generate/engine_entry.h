// What an engine knows of a job. Private to the engine.
#pragma once

#include "showo/generate/engine.h"

namespace showo {

// A job and what was read for it.
struct Engine::Entry {
  struct Opening {
    Job::Beginning beginning;
    PrefixKey key;
    Context context;
    Tensor logits_V;
    bool read = false;
  };
  JobPtr job;
  std::string client;
  int64_t bytes;   // of keys and values at most
  int64_t number;  // in the order of submission
  std::vector<Opening> openings;
  bool opened = false, begun = false, cancelled = false;
  std::vector<Request> next;  // that found no room in the pass before

  void fail(std::exception_ptr error) {
    job->error_ = std::move(error);
    job->state_ = Job::State::kFailed;
  }
};

}  // namespace showo
