// The engine: one model, any number of jobs. Every pass computes what the running jobs want next –
// a picture's step beside an answer's token beside a prompt that is read – and between passes jobs
// come and go.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "showo/core/config.h"
#include "showo/generate/job.h"
#include "showo/generate/prefix_cache.h"

namespace showo {

struct EngineLimits {
  int64_t waiting = 256, running = 64, pictures = 16;
  int64_t pass_tokens = 2560;
  int64_t cache_bytes = int64_t{8} << 30, prefix_bytes = int64_t{1} << 30;
  int64_t texts_between = 8;
  bool alone = false;
  template <class V>
  void visit(V& v) {
    v(waiting, "waiting", "jobs that may wait; more are refused", between(1, 1'000'000));
    v(running, "running", "jobs that run at once", between(1, 100'000));
    v(pictures, "pictures", "pictures that are drawn at once", between(1, 100'000));
    v(pass_tokens, "pass_tokens",
      "tokens computed in one pass; a job that wants more has a pass of its own",
      between(1, 1 << 24));
    v(cache_bytes, "cache_bytes", "keys and values of running jobs", at_least(1));
    v(prefix_bytes, "prefix_bytes", "keys and values kept of what was read, for rows to come",
      at_least(0));
    v(texts_between, "texts_between",
      "while both are running, passes of texts alone between two passes with pictures, which take "
      "many times as long",
      between(0, 1'000'000));
    v(alone, "alone",
      "each job in passes of its own: the same bits whatever else runs, in any dtype");
  }
  /// More tokens a pass on a GPU.
  static EngineLimits on(torch::Device device);
};

/// The engine has no room for a job, now or ever.
class EngineFull : public Error {
 public:
  using Error::Error;
};

struct EngineLoad {
  int64_t waiting = 0, running = 0, pictures = 0;
  int64_t cache_bytes = 0;      // that running jobs may come to need
  int64_t computed_tokens = 0;  // in all passes so far
};

/// Jobs may be submitted and cancelled from any thread; passes are computed by whichever threads
/// call step or run, one at a time. A job's functions are called by those alone, and its callbacks
/// may call submit and cancel.
class Engine {
 public:
  using JobPtr = std::shared_ptr<Job>;
  explicit Engine(Network network);
  Engine(Network network, const EngineLimits& limits);
  ~Engine();

  /// Jobs of one `client` take turns with those of others, however many it has. Throws EngineFull
  /// when too many wait, or when the job alone needs more than there is.
  void submit(const JobPtr& job, const std::string& client = {});
  /// It leaves after the pass that is being computed, if any, and its memory is free then; a job
  /// that is finished stays as it is.
  void cancel(const JobPtr& job);
  /// One pass. False: there is nothing to do.
  bool step();
  /// Until something is there to do, at most so long. False: nothing is.
  bool wait(std::chrono::milliseconds most);
  /// Submits the jobs, as there is room, and steps until all are finished. Throws the first error
  /// of any, after all.
  void run(const std::vector<JobPtr>& jobs);

  EngineLoad load() const;
  const EngineLimits& limits() const { return limits_; }
  const Network& network() const { return network_; }
  /// Forgets what was read for rows to come.
  void forget();

 private:
  struct Entry;
  struct Pass;
  using EntryPtr = std::shared_ptr<Entry>;
  bool offer(const JobPtr& job, const std::string& client);
  void admit();
  bool fits(const Entry& entry) const;
  Pass plan(const std::vector<EntryPtr>& running);
  void plan_reading(Pass& pass, Entry& entry);
  void plan_step(Pass& pass, Entry& entry);
  void begin_if_read(Entry& entry);
  void compute_pass(Pass& pass);
  int64_t shared_tokens(const Row& row, bool logits) const;
  void retire();

  Network network_;
  EngineLimits limits_;
  PrefixCache prefixes_;
  std::mutex stepping_;  // held while a pass is planned and computed

  mutable std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::map<std::string, std::deque<EntryPtr>> waiting_;  // by client
  std::map<std::string, int64_t> served_;                // when a job of the client last began
  std::vector<EntryPtr> running_;
  bool computing_ = false;
  int64_t turn_ = 0, texts_passes_ = 0, admitted_ = 0, computed_tokens_ = 0;
};

}  // namespace showo
