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

#include "showo/generate/job.h"
#include "showo/generate/prefix_cache.h"
#include "showo/options.h"

namespace showo {

/// The limits for a device: a GPU takes more tokens a pass.
EngineLimits engine_limits(torch::Device device);

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
  /// Until the job is finished, at most so long. False: it is not. Others compute its passes.
  bool wait_for(const JobPtr& job, std::chrono::milliseconds most);
  /// `told` once the job has left the engine, at once if it has; it must not use the engine.
  void when_finished(const JobPtr& job, std::function<void()> told);
  /// Submits the jobs, as there is room, and steps until all are finished. Throws the first error
  /// of any, after all; where a callback threw Cancelled, the others are cancelled too.
  void run(const std::vector<JobPtr>& jobs, const std::string& client = {});

  EngineLoad load() const;
  /// Jobs that were submitted before this one and wait as it does. Whose turn comes when, clients
  /// share.
  int64_t ahead_of(const JobPtr& job) const;
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
  static void tell(Job& job);

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
  int64_t turn_ = 0, texts_passes_ = 0, submitted_ = 0, admitted_ = 0;
  int64_t passes_ = 0, computed_tokens_ = 0;
};

}  // namespace showo
