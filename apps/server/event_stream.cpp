#include "apps/server/event_stream.h"

#include <spdlog/spdlog.h>

#include "apps/server/api_error.h"

namespace showo::server {

std::string EventStream::dumped(const Json& data) {
  return data.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void EventStream::write(const std::string& text) {
  if (!sink_.write(text.data(), text.size()) || exchange_.connection.gone()) throw ClientLeft();
  written_ = Exchange::Clock::now();
}

void EventStream::event(const std::string& type, Json data) {
  data["type"] = type;
  write("event: " + type + "\ndata: " + dumped(data) + "\n\n");
}

void EventStream::keep_alive() {
  if (Exchange::Clock::now() - written_ > std::chrono::seconds(10)) write(": keep-alive\n\n");
}

void stream_events(httplib::Response& response, std::function<void(EventStream&)> tell) {
  response.set_header("Cache-Control", "no-store");
  response.set_header("X-Accel-Buffering", "no");
  response.set_chunked_content_provider(
      "text/event-stream", [tell = std::move(tell)](size_t, httplib::DataSink& sink) {
        Exchange& exchange = Exchange::current();
        EventStream events(exchange, sink);
        try {
          try {
            tell(events);
          } catch (const ClientLeft&) {
            throw;
          } catch (...) {
            const ApiError error = as_api_error(std::current_exception());
            exchange.problem = error.what();
            exchange.status = error.status();
            events.data(error.body());
          }
        } catch (const ClientLeft&) {
          exchange.left = true;
          return false;
        }
        sink.done();
        return true;
      });
}

}  // namespace showo::server
