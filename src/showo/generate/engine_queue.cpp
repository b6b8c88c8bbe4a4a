// Engine: how jobs come and go between passes.
#include <algorithm>

#include "showo/generate/engine_entry.h"

namespace showo {

void Engine::submit(const JobPtr& job, const std::string& client) {
  if (!offer(job, client))
    throw EngineFull(
        fmt::format("{} jobs are waiting, expected at most that many", limits_.waiting));
}

bool Engine::offer(const JobPtr& job, const std::string& client) {
  const int64_t bytes = job->most_tokens() * network_.cache_bytes_a_token();
  if (bytes > limits_.cache_bytes) {
    throw EngineFull(fmt::format("{} tokens need {} bytes of keys and values, the limit is {}",
                                 job->most_tokens(), bytes, limits_.cache_bytes),
                     /*for_ever=*/true);
  }
  TORCH_CHECK(job->state() == Job::State::kNew, "a job is submitted once");
  const std::lock_guard lock(mutex_);
  size_t waiting = 0;
  for (const auto& [name, entries] : waiting_) waiting += entries.size();
  if (std::cmp_greater_equal(waiting, limits_.waiting)) return false;
  auto entry = std::make_shared<Entry>();
  entry->job = job;
  entry->client = client;
  entry->bytes = bytes;
  entry->number = ++submitted_;
  job->state_ = Job::State::kWaiting;
  waiting_[client].push_back(std::move(entry));
  changed_.notify_all();
  return true;
}

void Engine::cancel(const JobPtr& job) {
  const std::lock_guard lock(mutex_);
  for (auto& [client, entries] : waiting_) {
    std::erase_if(entries, [&](const EntryPtr& entry) {
      if (entry->job != job) return false;
      job->state_ = Job::State::kCancelled;
      tell(*job);
      return true;
    });
  }
  std::erase_if(waiting_, [](const auto& item) { return item.second.empty(); });
  for (const EntryPtr& entry : running_) entry->cancelled |= entry->job == job;
  if (!computing_) retire();
  changed_.notify_all();
}

bool Engine::fits(const Entry& entry) const {
  int64_t bytes = entry.bytes, pictures = entry.job->draws() ? 1 : 0;
  for (const EntryPtr& other : running_) {
    bytes += other->bytes;
    pictures += other->job->draws() ? 1 : 0;
  }
  return std::ssize(running_) < limits_.running && bytes <= limits_.cache_bytes &&
         pictures <= limits_.pictures;
}

// The client with the fewest running jobs is served first, then the one that was served longest
// ago. One whose next job does not fit keeps its turn: others behind it might never leave room.
void Engine::admit() {
  while (!waiting_.empty()) {
    const auto rank = [&](const std::string& client) {
      const auto running = std::ranges::count_if(
          running_, [&](const EntryPtr& entry) { return entry->client == client; });
      return std::pair(running, served_[client]);
    };
    const auto next =
        std::ranges::min_element(waiting_, {}, [&](const auto& item) { return rank(item.first); });
    const EntryPtr entry = next->second.front();
    if (!fits(*entry)) return;
    next->second.pop_front();
    served_[entry->client] = ++admitted_;
    if (next->second.empty()) waiting_.erase(next);
    entry->job->state_ = Job::State::kRunning;
    running_.push_back(entry);
  }
  std::erase_if(served_, [&](const auto& item) {
    return !waiting_.contains(item.first) && std::ranges::none_of(running_, [&](const EntryPtr& e) {
      return e->client == item.first;
    });
  });
}

// Jobs that are finished or cancelled leave.
void Engine::retire() {
  std::erase_if(running_, [](const EntryPtr& entry) {
    Job& job = *entry->job;
    if (job.state() == Job::State::kRunning && entry->cancelled)
      job.state_ = Job::State::kCancelled;
    if (job.state() == Job::State::kRunning && entry->begun && job.done())
      job.state_ = Job::State::kDone;
    if (!job.finished()) return false;
    entry->openings.clear();
    entry->next.clear();
    job.release();
    tell(job);
    return true;
  });
}

bool Engine::wait(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, most, [&] { return !waiting_.empty() || !running_.empty(); });
}

bool Engine::wait_for(const JobPtr& job, std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, most, [&] { return job->finished(); });
}

void Engine::when_finished(const JobPtr& job, std::function<void()> told) {
  const std::lock_guard lock(mutex_);
  const bool runs = std::ranges::any_of(
      running_, [&](const EntryPtr& entry) { return entry->job == job; });  // though it has failed
  if (job->finished() && !runs) {
    told();
  } else {
    job->told_.push_back(std::move(told));
  }
}

void Engine::tell(Job& job) {
  for (const auto& told : std::exchange(job.told_, {})) told();
}

EngineLoad Engine::load() const {
  const std::lock_guard lock(mutex_);
  EngineLoad load;
  load.passes = passes_;
  load.computed_tokens = computed_tokens_;
  for (const auto& [client, entries] : waiting_) load.waiting += std::ssize(entries);
  for (const EntryPtr& entry : running_) {
    ++load.running;
    load.pictures += entry->job->draws() ? 1 : 0;
    load.cache_bytes += entry->bytes;
  }
  return load;
}

int64_t Engine::ahead_of(const JobPtr& job) const {
  const std::lock_guard lock(mutex_);
  int64_t number = 0, ahead = 0;
  for (const auto& [client, entries] : waiting_)
    for (const EntryPtr& entry : entries) number = entry->job == job ? entry->number : number;
  for (const auto& [client, entries] : waiting_)
    for (const EntryPtr& entry : entries) ahead += entry->number < number ? 1 : 0;
  return ahead;
}

}  // namespace showo
