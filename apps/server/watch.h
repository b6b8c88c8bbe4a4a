// What the engine's threads tell the thread of a request: the newest step of each picture, texts as
// they grow, what is finished. The engine never waits for it, whatever its client does.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "showo/image.h"

namespace showo::server {

class Watch {
 public:
  struct Step {
    int step;                        // from 0
    std::function<Image()> picture;  // as it would be by then, if it is wanted
  };
  /// Since the last news.
  struct News {
    std::map<size_t, Step> steps;  // by picture
    std::map<size_t, std::string> texts;
    std::vector<size_t> finished;
    bool empty() const { return steps.empty() && texts.empty() && finished.empty(); }
  };

  // Of the engine's threads. False: nobody wants it any more.
  bool step(size_t picture, int step, std::function<Image()> shown) {
    return tell([&] { news_.steps[picture] = {step, std::move(shown)}; });
  }
  bool text(size_t answer, const std::string& more) {
    return tell([&] { news_.texts[answer] += more; });
  }
  void finished(size_t which) {
    tell([&] { news_.finished.push_back(which); });
  }

  /// Waits for some, at most so long.
  News wait(std::chrono::milliseconds most) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, most, [&] { return !news_.empty(); });
    return std::exchange(news_, {});
  }
  /// Texts alone; the other news stay.
  std::map<size_t, std::string> take_texts() {
    const std::lock_guard lock(mutex_);
    return std::exchange(news_.texts, {});
  }
  /// From now on the answers above are false.
  void leave() {
    const std::lock_guard lock(mutex_);
    left_ = true;
  }

 private:
  template <class Change>
  bool tell(const Change& change) {
    const std::lock_guard lock(mutex_);
    if (left_) return false;
    change();
    changed_.notify_one();
    return true;
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  News news_;
  bool left_ = false;
};

}  // namespace showo::server
