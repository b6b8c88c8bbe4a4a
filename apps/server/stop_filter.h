// A text until the first of some stops; what could be the beginning of one is held back.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace showo::server {

class StopFilter {
 public:
  explicit StopFilter(std::vector<std::string> stops) : stops_(std::move(stops)) {}
  /// What is sure to stand before any stop by now.
  std::string add(const std::string& more) {
    if (found_) return {};
    held_ += more;
    size_t end = std::string::npos;
    for (const auto& stop : stops_) end = std::min(end, held_.find(stop));
    found_ = end != std::string::npos;
    if (!found_) end = held_.size() - beginning();
    std::string sure = held_.substr(0, end);
    held_.erase(0, end);
    return sure;
  }
  /// The text is over: what was held back is no stop.
  std::string rest() { return found_ ? std::string() : std::exchange(held_, {}); }
  bool found() const { return found_; }

 private:
  // Bytes at the end that a stop begins with.
  size_t beginning() const {
    size_t most = 0;
    for (const auto& stop : stops_) {
      for (size_t size = std::min(stop.size() - 1, held_.size()); size > most; --size) {
        if (std::string_view(held_).substr(held_.size() - size) ==
            std::string_view(stop).substr(0, size))
          most = size;
      }
    }
    return most;
  }
  std::vector<std::string> stops_;
  std::string held_;
  bool found_ = false;
};

}  // namespace showo::server
