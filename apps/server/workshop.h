// The threads that read and write pictures: encoding and decoding by the image tokenizer runs on
// many cores, so that it is done by few threads, however many requests there are.
#pragma once

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace showo::server {

class Workshop {
 public:
  explicit Workshop(int threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  }
  ~Workshop() {
    {
      const std::lock_guard lock(mutex_);
      ends_ = true;
    }
    changed_.notify_all();
    for (auto& thread : threads_) thread.join();
  }
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;

  /// Waits for what one of the threads makes, first come first served; throws what it throws.
  template <class Make>
  auto make(const Make& make) {
    std::packaged_task<std::invoke_result_t<const Make&>()> task(std::cref(make));
    auto made = task.get_future();
    {
      const std::lock_guard lock(mutex_);
      tasks_.emplace_back([&task] { task(); });
    }
    changed_.notify_one();
    return made.get();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return ends_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      const auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      lock.lock();
    }
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool ends_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace showo::server
