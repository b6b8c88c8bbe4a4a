#include "apps/server/gate.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <sstream>

#include "apps/server/api_error.h"
#include "showo/core/error.h"
#include "showo/core/files.h"

namespace showo::server {
namespace {

// "example.org:8080" → "example.org", "[::1]:8080" → "::1".
std::string host_name(std::string host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  if (std::ranges::count(host, ':') == 1) host.resize(host.find(':'));
  std::ranges::transform(host, host.begin(), [](unsigned char c) { return std::tolower(c); });
  return host;
}

// In a time that does not tell how much of it is right.
bool same(const std::string& a, const std::string& b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

Gate::Gate(const Options& options) : options_(options) {
  if (options.api_key_file.empty()) return;
  std::istringstream lines(read_file(options.api_key_file));
  for (std::string line; std::getline(lines, line);) {
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
    if (!line.empty() && !line.starts_with('#')) keys_.push_back(line);
  }
  if (keys_.empty()) fail("{}: expected a key a line, found none", options.api_key_file);
}

bool Gate::is_allowed_origin(const std::string& origin) const {
  return std::ranges::any_of(
      options_.cors, [&](const auto& allowed) { return allowed == "*" || allowed == origin; });
}

void Gate::check_origin(const httplib::Request& request) const {
  const std::string header = request.get_header_value("Host"), name = host_name(header);
  const auto& hosts = options_.allowed_hosts;
  const bool known = !options_.unix_socket.empty() || name == "localhost" || name == "127.0.0.1" ||
                     name == "::1" || name == host_name(options_.host) ||
                     std::ranges::any_of(hosts, [&](const auto& host) {
                       return host == "*" || host_name(host) == name;
                     });
  if (!known) {
    throw ApiError(
        403,
        fmt::format("Host '{}' is not this server's; the option allow_host names others", name), {},
        "host_not_allowed");
  }
  const std::string origin = request.get_header_value("Origin");
  if (origin.empty() || is_allowed_origin(origin)) return;
  const size_t begin = origin.find("://");
  if (begin == std::string::npos || origin.substr(begin + 3) != header)
    throw ApiError(
        403,
        fmt::format("pages of '{}' may not use this server; the option cors names those that may",
                    origin),
        {}, "origin_not_allowed");
}

std::optional<size_t> Gate::key(const httplib::Request& request) const {
  std::string given = request.get_header_value("Authorization");
  if (given.starts_with("Bearer "))
    given.erase(0, 7);
  else
    given = request.get_header_value("X-Api-Key");
  std::optional<size_t> found;
  for (size_t i = 0; i < keys_.size(); ++i)  // all, so that no time tells which
    if (same(keys_[i], given)) found = i;
  return found;
}

void Gate::check_key(const httplib::Request& request) const {
  if (!keys_.empty() && !key(request))
    throw ApiError(401, "expected an API key: Authorization: Bearer KEY", {}, "invalid_api_key");
}

void Gate::allow_origin(const httplib::Request& request, httplib::Response& response) const {
  const std::string origin = request.get_header_value("Origin");
  if (origin.empty() || !is_allowed_origin(origin)) return;
  response.set_header("Access-Control-Allow-Origin", origin);
  response.set_header("Access-Control-Expose-Headers", "X-Request-Id, Retry-After");
  response.set_header("Vary", "Origin");
  if (request.method != "OPTIONS") return;
  response.set_header("Access-Control-Allow-Methods", "GET, POST");
  response.set_header("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Api-Key");
  response.set_header("Access-Control-Max-Age", "600");
}

std::string Gate::client(const httplib::Request& request) const {
  if (const auto found = key(request)) return fmt::format("key {}", *found + 1);
  // The last address is the one that the proxy itself saw.
  const std::string forwarded = request.get_header_value("X-Forwarded-For");
  if (options_.trust_forwarded && !forwarded.empty()) {
    const size_t last = forwarded.find_last_of(", ");
    return last == std::string::npos ? forwarded : forwarded.substr(last + 1);
  }
  return request.remote_addr;
}

}  // namespace showo::server
