#include "apps/server/exchange.h"

#include <fmt/format.h>

#include <random>

#include "apps/server/api_error.h"

namespace showo::server {
namespace {

thread_local Exchange* current_exchange = nullptr;

std::string random_id() {
  thread_local std::mt19937_64 random{std::random_device{}()};
  return fmt::format("{:016x}", random());
}

}  // namespace

Exchange::Exchange(Service& service, Connection& connection)
    : service(service), connection(connection), id(random_id()) {
  current_exchange = this;
}

Exchange::~Exchange() { current_exchange = nullptr; }

Exchange& Exchange::current() { return *current_exchange; }

void Exchange::check() const {
  if (connection.gone()) throw ClientLeft();
  if (service.ended) throw ApiError(503, "the server is ending", {}, "ending").after(2);
  if (seconds() > static_cast<double>(service.limits.request_seconds)) {
    throw ApiError(504,
                   fmt::format("no answer within {} seconds, which is the limit",
                               service.limits.request_seconds),
                   {}, "timeout");
  }
}

void Exchange::first(const char* metric) {
  if (std::exchange(first_, true)) return;
  service.metrics.observe(metric, seconds());
}

}  // namespace showo::server
