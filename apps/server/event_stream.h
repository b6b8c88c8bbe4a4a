// Server-sent events: one answer as it grows.
#pragma once

#include <httplib.h>

#include <functional>

#include "apps/server/exchange.h"

namespace showo::server {

class EventStream {
 public:
  EventStream(Exchange& exchange, httplib::DataSink& sink) : exchange_(exchange), sink_(sink) {}
  /// An event of this type, which its data name too. Throws ClientLeft.
  void event(const std::string& type, Json data);
  void data(const Json& data) { write("data: " + dumped(data) + "\n\n"); }
  void done() { write("data: [DONE]\n\n"); }
  /// Says nothing, so that nobody between takes the connection for dead.
  void keep_alive();

 private:
  static std::string dumped(const Json& data);
  void write(const std::string& text);
  Exchange& exchange_;
  httplib::DataSink& sink_;
  Exchange::Clock::time_point written_ = Exchange::Clock::now();
};

/// Answers with what `tell` writes; an error of its own is the last event.
void stream_events(httplib::Response& response, std::function<void(EventStream&)> tell);

}  // namespace showo::server
