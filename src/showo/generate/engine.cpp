#include "showo/generate/engine.h"

#include <algorithm>
#include <span>

#include "showo/core/option_error.h"
#include "showo/generate/engine_entry.h"

namespace showo {
namespace {

// Waiting a pass for what another job reads pays from so many tokens on.
constexpr int64_t kWorthWaiting = 8;

int64_t tokens_of(const std::vector<Request>& requests) {
  int64_t tokens = 0;
  for (const Request& request : requests) tokens += request.sequence.tokens;
  return tokens;
}

// Its callback threw Cancelled.
bool cancels_all(const Engine::JobPtr& job) {
  if (!job->error()) return false;
  try {
    std::rethrow_exception(job->error());
  } catch (const Cancelled&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace

// What is computed at once, and whose it is.
struct Engine::Pass {
  struct Part {
    Entry* entry;
    Entry::Opening* opening;  // null: the job's own step
    size_t first, count;      // requests
  };
  std::vector<Request> requests;
  std::vector<Part> parts;
  int64_t tokens = 0, most_tokens;
  bool texts_only = false;

  bool has_room(int64_t more) const { return requests.empty() || tokens + more <= most_tokens; }
  void add(Entry& entry, Entry::Opening* opening, std::vector<Request> wanted) {
    parts.push_back({&entry, opening, requests.size(), wanted.size()});
    tokens += tokens_of(wanted);
    for (Request& request : wanted) requests.push_back(std::move(request));
  }
};

EngineLimits engine_limits(torch::Device device) {
  EngineLimits limits;
  if (!device.is_cpu()) limits.pass_tokens = 16384;
  return limits;
}

Engine::Engine(Network network) : Engine(network, engine_limits(network.device())) {}

Engine::Engine(Network network, const EngineLimits& limits)
    : network_(std::move(network)), limits_(limits), prefixes_(limits.prefix_bytes) {
  check_options(limits_);
}

Engine::~Engine() = default;

// Of a row's tokens those that may come from another row's reading.
int64_t Engine::shared_tokens(const Row& row, bool logits) const {
  if (!limits_.alone) return row.length() - (logits ? 1 : 0);
  // Always the same part, as the bits of what is read depend on what is read with it.
  int64_t tokens = 0;
  for (const Segment& segment : row.segments) tokens = segment.block() ? segment.end() : tokens;
  return tokens;
}

void Engine::plan_reading(Pass& pass, Entry& entry) {
  for (auto& opening : entry.openings) {
    if (opening.read) continue;
    Context& context = opening.context;
    const int64_t length = context.row.length();
    const int64_t most = shared_tokens(context.row, opening.beginning.logits);
    if (context.cache.length() == 0 || !limits_.alone) {
      context.cache = KvCache(network_.llm().num_hidden_layers);
      if (!limits_.alone || prefixes_.known(opening.key, most) == most)
        prefixes_.find(opening.key, most, context.cache);
    }
    const int64_t known = context.cache.length();
    opening.read = known == length;
    // What another row is about to read, this one will share.
    const bool soon = std::ranges::any_of(pass.parts, [&](const Pass::Part& part) {
      return part.opening && opening.key.common(part.opening->key, most) >= known + kWorthWaiting;
    });
    if (opening.read || soon) continue;
    const bool in_parts = limits_.alone && known < most;
    const int64_t until = in_parts ? most : length;
    if (!pass.has_room(until - known)) continue;
    const Row all = std::exchange(context.row, beginning_of(context.row, until));
    std::vector<Request> wanted;
    wanted.push_back(
        reading(context, opening.beginning.logits && !in_parts, opening.beginning.features));
    context.row = all;
    pass.add(entry, &opening, std::move(wanted));
  }
  begin_if_read(entry);
}

void Engine::plan_step(Pass& pass, Entry& entry) {
  if (pass.texts_only && entry.job->draws()) return;
  if (entry.next.empty()) entry.next = entry.job->next();
  TORCH_CHECK(!entry.next.empty(), "a job that is not done wants nothing");
  if (!pass.has_room(tokens_of(entry.next))) return;
  pass.add(entry, nullptr, std::move(entry.next));
  entry.next.clear();
}

void Engine::begin_if_read(Entry& entry) {
  if (entry.begun || !std::ranges::all_of(entry.openings, &Entry::Opening::read)) return;
  std::vector<Context> contexts;
  std::vector<Tensor> logits;
  for (auto& opening : entry.openings) {
    contexts.push_back(std::move(opening.context));
    logits.push_back(opening.logits_V);
  }
  entry.openings.clear();
  entry.begun = true;
  entry.job->begin(std::move(contexts), std::move(logits));
}

Engine::Pass Engine::plan(const std::vector<EntryPtr>& running) {
  Pass pass;
  pass.most_tokens = limits_.alone ? 0 : limits_.pass_tokens;
  const auto draws = [](const EntryPtr& entry) { return entry->job->draws(); };
  const bool mixed = std::ranges::any_of(running, draws) && !std::ranges::all_of(running, draws);
  pass.texts_only = mixed && texts_passes_ < limits_.texts_between;
  texts_passes_ = pass.texts_only ? texts_passes_ + 1 : 0;
  ++turn_;  // who found no room is first in one of the next
  for (size_t i = 0; i < running.size(); ++i) {
    Entry& entry = *running[(i + turn_) % running.size()];
    try {
      if (!entry.opened) {
        for (auto& beginning : entry.job->beginnings()) {
          entry.openings.push_back({beginning,
                                    PrefixKey(beginning.row, beginning.features),
                                    {beginning.row, KvCache(network_.llm().num_hidden_layers)},
                                    {}});
        }
        entry.opened = true;
      }
      if (!entry.begun) plan_reading(pass, entry);
      if (entry.begun && !entry.job->done()) plan_step(pass, entry);
    } catch (...) {
      entry.fail(std::current_exception());
    }
  }
  return pass;
}

void Engine::compute_pass(Pass& pass) {
  std::vector<Tensor> logits;
  try {
    logits = compute(network_, std::move(pass.requests));
  } catch (...) {
    for (const Pass::Part& part : pass.parts) part.entry->fail(std::current_exception());
    return;
  }
  for (const auto& [entry, opening, first, count] : pass.parts) {
    if (entry->job->finished()) continue;
    const auto begin = logits.begin() + static_cast<int64_t>(first);
    try {
      if (opening) {
        if (begin->defined()) opening->logits_V = (*begin)[0];
        opening->read = opening->context.cache.length() == opening->context.row.length();
        prefixes_.add(opening->key, opening->context.cache);
        begin_if_read(*entry);
      } else {
        entry->job->take({begin, begin + static_cast<int64_t>(count)});
      }
    } catch (...) {
      entry->fail(std::current_exception());
    }
  }
}

bool Engine::step() {
  torch::NoGradGuard no_grad;
  const std::lock_guard one_at_a_time(stepping_);
  std::vector<EntryPtr> running;
  {
    const std::lock_guard lock(mutex_);
    admit();
    running = running_;
    if (running.empty()) return false;
    computing_ = true;
  }
  int64_t computed = 0;
  Entry& first = *running[0];
  try {
    const bool lone = running.size() == 1 && first.begun && first.next.empty();
    if (!(lone && network_.device().is_cuda() && first.job->step_alone(network_))) {
      Pass pass = plan(running);
      computed = pass.tokens;
      if (!pass.requests.empty()) compute_pass(pass);
    }
  } catch (...) {  // of a job alone
    first.fail(std::current_exception());
  }
  const std::lock_guard lock(mutex_);
  computing_ = false;
  ++passes_;
  computed_tokens_ += computed;
  retire();
  changed_.notify_all();
  return true;
}

void Engine::run(const std::vector<JobPtr>& jobs, const std::string& client) {
  size_t offered = 0, wanted = jobs.size();
  try {
    while (!std::ranges::all_of(std::span(jobs).first(wanted), &Job::finished)) {
      while (offered < wanted && offer(jobs[offered], client)) ++offered;
      step();
      if (std::ranges::none_of(std::span(jobs).first(offered), cancels_all)) continue;
      wanted = offered;
      for (size_t i = 0; i < offered; ++i) cancel(jobs[i]);
    }
  } catch (...) {
    for (const JobPtr& job : jobs) cancel(job);
    throw;
  }
  for (const JobPtr& job : jobs) {
    if (job->error()) std::rethrow_exception(job->error());
  }
}

void Engine::forget() {
  const std::lock_guard one_at_a_time(stepping_);
  prefixes_.clear();
}

}  // namespace showo
