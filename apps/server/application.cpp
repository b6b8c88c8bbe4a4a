#include "apps/server/application.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "apps/server/api_error.h"
#include "apps/server/endpoints.h"
#include "apps/server/page_files.h"

namespace showo::server {
namespace {

constexpr const char* kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

std::string type_of(std::string_view name) {
  const std::string_view end = name.substr(name.rfind('.') + 1);
  if (end == "html") return "text/html; charset=utf-8";
  if (end == "css") return "text/css; charset=utf-8";
  if (end == "js" || end == "mjs") return "text/javascript; charset=utf-8";
  if (end == "svg") return "image/svg+xml";
  if (end == "json") return "application/json";
  if (end == "webmanifest") return "application/manifest+json";
  return "application/octet-stream";
}

bool is_open(const std::string& path) { return !path.starts_with("/v1/") && path != "/metrics"; }

// A body of known size; −1: it comes in chunks.
int64_t announced_bytes(const httplib::Request& request) {
  if (request.has_header("Transfer-Encoding")) return -1;
  const std::string length = request.get_header_value("Content-Length");
  if (length.empty()) return 0;
  int64_t bytes = 0;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bytes);
  if (error != std::errc() || end != length.data() + length.size() || bytes < 0)
    throw ApiError(400, "Content-Length is no number", {}, "bad_request");
  return bytes;
}

}  // namespace

Application::Application(Service& service, std::function<int64_t()> connections)
    : service_(service), gate_(service.options), connections_(std::move(connections)) {
  svr_sock_ = 0;  // it has no socket of its own to listen at, and ends streams where it has none
  set_keep_alive_max_count(1'000'000);
  set_keep_alive_timeout(service.limits.idle_seconds);
  set_payload_max_length(static_cast<size_t>(service.limits.body_bytes));
  set_pre_routing_handler(
      [this](const auto& request, auto& response) { return receive(request, response); });
  set_exception_handler([this](const auto&, auto& response, std::exception_ptr error) {
    try {
      std::rethrow_exception(error);
    } catch (const ClientLeft&) {
      Exchange::current().left = true;
      Exchange::current().connection.close_after();
      response.status = 499;
    } catch (const std::exception& known) {
      const ApiError shown = as_api_error(error);
      if (shown.status() >= 500)
        spdlog::error("request {}: {}", Exchange::current().id, known.what());
      answer_error(shown, response);
    }
  });
  set_error_handler(
      Handler([this](const auto& request, auto& response) { mend_error(request, response); }));
  set_logger([this](const auto& request, const auto& response) { log(request, response); });

  add_get("/health", [this](const auto&, auto& response) { tell_health(service_, response); });
  add_get("/metrics", [this](const auto&, auto& response) {
    tell_metrics(service_, connections_(), response);
  });
  add_get("/v1/models", [this](const auto& request, auto& response) {
    list_models(service_, request, response);
  });
  Get("/v1/models/.+",
      [this](const auto& request, auto& response) { list_models(service_, request, response); });
  add_get("/v1/capabilities",
          [this](const auto&, auto& response) { tell_capabilities(service_, response); });
  add_post("/v1/images/generations", generate_pictures);
  add_post("/v1/images/edits", edit_picture);
  add_post("/v1/chat/completions", complete_chat);
  Options(".*", [](const auto&, auto& response) { response.status = 204; });
  add_page();
}

void Application::add_get(const std::string& path, Handler handler) {
  gets_.insert(path);
  Get(path, std::move(handler));
}

void Application::add_post(const std::string& path, Endpoint endpoint) {
  posts_.insert(path);
  Post(path, [endpoint](const auto& request, auto& response) {
    endpoint(Exchange::current(), request, response);
  });
}

void Application::add_page() {
  for (const PageFile& file : page_files()) {
    if (file.name == "openapi.json") {
      add_get("/openapi.json", [this, file](const auto&, auto& response) {
        tell_interface(service_, file.content, response);
      });
      continue;
    }
    const std::string tag = fmt::format("\"{:016x}\"", std::hash<std::string_view>()(file.content));
    const auto answer = [file, tag](const httplib::Request& request, httplib::Response& response) {
      response.set_header("ETag", tag);
      response.set_header("Cache-Control", "no-cache");  // asks first whether it has changed
      response.set_header("Content-Security-Policy", kPagePolicy);
      response.set_header("Cross-Origin-Opener-Policy", "same-origin");
      if (request.get_header_value("If-None-Match") == tag)
        response.status = 304;
      else
        response.set_content(file.content.data(), file.content.size(), type_of(file.name));
    };
    std::string pattern;
    for (const char c : file.name) {
      if (c == '.') pattern += '\\';
      pattern += c;
    }
    gets_.insert("/" + std::string(file.name));
    Get("/" + pattern, answer);
    if (file.name == "index.html") add_get("/", answer);
  }
}

void Application::serve(Connection& connection) {
  bool closed = false;
  while (!closed && !connection.closes() && connection.wait_for_request(service_.ending)) {
    Exchange exchange(service_, connection);
    process_request(connection, /*close_connection=*/service_.ending, closed, nullptr);
    bodies_ -= std::exchange(exchange.body_bytes, 0);
    if (exchange.left) return;
  }
  if (connection.closes()) connection.linger();
}

// Before the body is read: what is refused here costs nothing.
httplib::Server::HandlerResponse Application::receive(const httplib::Request& request,
                                                      httplib::Response& response) {
  Exchange& exchange = Exchange::current();
  exchange.connection.expect_body();
  exchange.route = gets_.contains(request.path) || posts_.contains(request.path) ? request.path
                   : request.path.starts_with("/v1/models/")                     ? "/v1/models"
                                                                                 : "other";
  response.set_header("X-Request-Id", exchange.id);
  response.set_header("X-Content-Type-Options", "nosniff");
  response.set_header("Referrer-Policy", "no-referrer");
  try {
    gate_.allow_origin(request, response);
    exchange.client = gate_.client(request);
    check(request);
  } catch (...) {
    answer_error(as_api_error(std::current_exception()), response);
    exchange.connection.close_after();  // its body is not read
    response.set_header("Connection", "close");
    return HandlerResponse::Handled;
  }
  return HandlerResponse::Unhandled;
}

void Application::check(const httplib::Request& request) {
  gate_.check_origin(request);
  if (!request.ranges.empty()) throw ApiError(416, "ranges are not supported", {}, "bad_request");
  if (request.method == "OPTIONS") return;
  if (!is_open(request.path)) gate_.check_key(request);
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (reads ? posts_.contains(request.path)
            : gets_.contains(request.path) || request.path.starts_with("/v1/models/"))
    throw ApiError(
        405,
        fmt::format("{} {}: expected {}", request.method, request.path, reads ? "POST" : "GET"), {},
        "method_not_allowed");
  if (!reads && !posts_.contains(request.path))
    throw ApiError(404, fmt::format("{}: there is no such path", request.path), {}, "not_found");
  if (reads) return;
  if (request.method != "POST")
    throw ApiError(405, fmt::format("{} {}: expected POST", request.method, request.path), {},
                   "method_not_allowed");
  if (service_.ending) throw ApiError(503, "the server is ending", {}, "ending").after(2);
  if (request.has_header("Content-Encoding"))
    throw ApiError(415, "compressed bodies are not supported", {}, "unsupported_media_type");
  const std::string type = request.get_header_value("Content-Type");
  const bool form = request.path == "/v1/images/edits";
  if (!form && !type.starts_with("application/json"))
    throw ApiError(415, "expected Content-Type application/json", {}, "unsupported_media_type");
  hold_body(request);
}

void Application::hold_body(const httplib::Request& request) {
  const int64_t announced = announced_bytes(request), most = service_.limits.body_bytes;
  if (announced > most) {
    throw ApiError(413, fmt::format("the body has {} bytes, the limit is {}", announced, most), {},
                   "body_too_large");
  }
  const int64_t bytes = announced < 0 ? most : announced;
  Exchange::current().body_bytes = bytes;
  if ((bodies_ += bytes) > service_.limits.body_memory)
    throw ApiError(503, "too many bodies are being received", {}, "body_memory").after(2);
}

void Application::answer_error(const ApiError& error, httplib::Response& response) {
  Exchange::current().problem = error.what();
  response.status = error.status();
  if (error.status() == 429) service_.metrics.count("showo:refused_total");
  const int after = error.status() == 429 ? service_.retry_after() : error.retry_after();
  if (after > 0) response.set_header("Retry-After", std::to_string(after));
  if (error.status() == 401) response.set_header("WWW-Authenticate", "Bearer");
  response.set_content(error.body().dump(-1, ' ', false, Json::error_handler_t::replace),
                       "application/json");
}

// Errors of httplib's own have no body.
void Application::mend_error(const httplib::Request& request, httplib::Response& response) {
  if (!response.body.empty() || response.status == 499) return;
  Connection& connection = Exchange::current().connection;
  const auto mended = [&]() -> ApiError {
    if (connection.overrun() && connection.in_head())
      return {431, "the request's head is too large", {}, "head_too_large"};
    if (connection.overrun() || response.status == 413)
      return {413,
              fmt::format("the body has more than {} bytes, which is the limit",
                          service_.limits.body_bytes),
              {},
              "body_too_large"};
    if (connection.late())
      return {408,
              fmt::format("the request did not come whole within {} seconds",
                          service_.limits.receive_seconds),
              {},
              "timeout"};
    if (response.status == 404)
      return {404, fmt::format("{}: there is no such path", request.path), {}, "not_found"};
    return {response.status, "the request could not be read", {}, "bad_request"};
  };
  answer_error(mended(), response);
  connection.close_after();
  response.set_header("Connection", "close");
}

void Application::log(const httplib::Request& request, const httplib::Response& response) {
  Exchange& exchange = Exchange::current();
  const int status = exchange.left ? 499 : exchange.status ? exchange.status : response.status;
  const double seconds = exchange.seconds();
  const std::string labels = fmt::format("route=\"{}\"", exchange.route);
  service_.metrics.count("showo:requests_total", 1,
                         fmt::format("{},status=\"{}\"", labels, status));
  service_.metrics.observe("showo:request_seconds", seconds, labels);
  if (exchange.left) service_.metrics.count("showo:cancelled_total");
  Json line = {{"time", fmt::format("{:%FT%TZ}", fmt::gmtime(std::time(nullptr)))},
               {"request", exchange.id},
               {"client", exchange.client},
               {"method", request.method},
               {"path", request.path},
               {"status", status},
               {"seconds", std::round(seconds * 1e4) / 1e4},
               {"bytes", request.body.size()}};
  if (!exchange.problem.empty() && (status >= 500 || service_.options.log_prompts))
    line["problem"] = exchange.problem;
  if (service_.options.log_prompts && !exchange.prompt.empty()) line["prompt"] = exchange.prompt;
  fmt::print(stderr, "{}\n", line.dump(-1, ' ', true, Json::error_handler_t::replace));
}

}  // namespace showo::server
