// What all endpoints share: the model, its limits, the threads beside the engine, what is counted.
#pragma once

#include <atomic>
#include <list>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

#include "apps/server/metrics.h"
#include "apps/server/options.h"
#include "apps/server/workshop.h"
#include "showo/model.h"

namespace showo::server {

using Json = nlohmann::json;

/// What chats have seen: pictures that were read, newest first, by a digest of their files.
class Views {
 public:
  /// Of pictures in this order; reads them in the workshop if they were not read lately.
  View get(const Model& model, const std::vector<std::string>& files, const Limits& limits,
           Workshop& workshop, Metrics& metrics);

 private:
  static constexpr size_t kMost = 64;
  std::mutex mutex_;
  std::list<std::pair<std::string, View>> views_;
};

struct Service {
  Service(const Model& model, std::string name, const Options& options)
      : model(model),
        name(std::move(name)),
        options(options),
        limits(possible(options.limits)),
        workshop(options.workers) {}

  const Model model;
  const std::string name;  // of the model, as clients call it
  const Options options;
  const Limits limits;
  Metrics metrics;
  Views views;
  std::atomic<bool> ending = false;  // takes no new work
  std::atomic<bool> ended = false;   // stops what is running
  Workshop workshop;                 // last: its threads end first

  /// No request may have more jobs than ever may wait.
  static Limits possible(Limits limits) {
    limits.n = static_cast<int>(std::min<int64_t>(limits.n, limits.queue));
    return limits;
  }
  /// Seconds after which a client that found the queue full may try again.
  int retry_after() const;
  /// Throws ApiError for a model of another name.
  void check_model(const std::optional<std::string>& wanted) const;
  /// Throws ApiError for a text that is blank, or longer than the limit.
  void check_text(const std::string& text, const std::string& field) const;
  /// A file of a request as a picture; throws ApiError naming `field`.
  Image picture(const std::string& file, const std::string& field) const;
  Image mask(const std::string& file, const std::string& field, Marked marked) const;
};

}  // namespace showo::server
