// The jobs of one request: several results that are computed, watched by the request's thread, and
// cancelled when nobody wants them any more.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "apps/server/exchange.h"
#include "apps/server/watch.h"

namespace showo::server {

template <class T>
class Running {
 public:
  explicit Running(Exchange& exchange) : exchange_(exchange) {}
  ~Running() {
    watch_->leave();
    for (auto& pending : pending_)
      if (pending.valid()) pending.cancel();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  /// Which the callbacks of jobs share.
  const std::shared_ptr<Watch>& watch() const { return watch_; }
  void add(Pending<T> pending) {
    pending_.push_back(std::move(pending));
    pending_.back().when_finished(
        [watch = watch_, which = pending_.size() - 1] { watch->finished(which); });
  }
  T get(size_t which) { return pending_[which].get(); }
  /// Until all are finished: hands on the news, and nothing (empty news) at least as often as
  /// `often`. Throws as Exchange::check.
  template <class Hear>
  void follow(std::chrono::milliseconds often, const Hear& hear) {
    for (size_t left = pending_.size(); left > 0;) {
      auto news = watch_->wait(often);
      exchange_.check();
      left -= news.finished.size();
      hear(news);
    }
  }
  /// Of the last of them that still waits.
  int64_t ahead() const {
    int64_t most = 0;
    for (const auto& pending : pending_)
      if (pending.valid()) most = std::max(most, pending.ahead());
    return most;
  }

 private:
  Exchange& exchange_;
  std::shared_ptr<Watch> watch_ = std::make_shared<Watch>();
  std::vector<Pending<T>> pending_;
};

}  // namespace showo::server
