// One request on its way: who asks, since when, what the log says of it.
#pragma once

#include <chrono>
#include <string>

#include "apps/server/connection.h"
#include "apps/server/service.h"

namespace showo::server {

/// Of answers that httplib shall not compress, as pictures do not get smaller by it.
inline constexpr const char* kWholeJson = "application/json; charset=utf-8";

/// The client has gone: there is nobody to answer.
struct ClientLeft {};

class Exchange {
 public:
  using Clock = std::chrono::steady_clock;
  Exchange(Service& service, Connection& connection);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  /// Of the thread that answers it.
  static Exchange& current();

  Service& service;
  Connection& connection;
  std::string id, client, route, prompt, problem;
  int status = 0;
  bool left = false;  // its client, before the end
  int64_t body_bytes = 0;

  /// Starts anew with the next request of the connection.
  double seconds() const { return std::chrono::duration<double>(Clock::now() - begun_).count(); }
  /// Throws ClientLeft, or ApiError when its time is over or the server ends.
  void check() const;
  /// Once: the first that the client sees.
  void first(const char* metric);

 private:
  Clock::time_point begun_ = Clock::now();
  bool first_ = false;
};

}  // namespace showo::server
