// The requests of a connection, from the first to the last: httplib reads them and writes the
// answers; in between they pass the gate, find their endpoint, are counted and logged.
#pragma once

#include <httplib.h>

#include <functional>
#include <set>

#include "apps/server/connection.h"
#include "apps/server/exchange.h"
#include "apps/server/gate.h"

namespace showo::server {

class Application : private httplib::Server {
 public:
  /// `connections`: how many are open now.
  Application(Service& service, std::function<int64_t()> connections);
  void serve(Connection& connection);

 private:
  using Endpoint = void (*)(Exchange&, const httplib::Request&, httplib::Response&);
  void add_get(const std::string& path, Handler handler);
  void add_post(const std::string& path, Endpoint endpoint);
  void add_page();
  HandlerResponse receive(const httplib::Request& request, httplib::Response& response);
  void check(const httplib::Request& request);
  void hold_body(const httplib::Request& request);
  void release_body();
  void answer_error(const ApiError& error, httplib::Response& response);
  void mend_error(const httplib::Request& request, httplib::Response& response);
  void log(const httplib::Request& request, const httplib::Response& response);

  Service& service_;
  Gate gate_;
  std::function<int64_t()> connections_;
  std::set<std::string> gets_, posts_;  // paths
  std::atomic<int64_t> bodies_ = 0;     // bytes held
};

}  // namespace showo::server
