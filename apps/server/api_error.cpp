#include "apps/server/api_error.h"

#include <algorithm>
#include <new>

#include "showo/error.h"

namespace showo::server {
namespace {

const char* type_of(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 429:
      return "rate_limit_error";
    case 503:
      return "unavailable_error";
    default:
      return status < 500 ? "invalid_request_error" : "server_error";
  }
}

// A request has the names of its own interface for some options.
std::string request_name(const std::string& option) {
  if (option == "guidance") return "guidance_scale";
  return option;
}

}  // namespace

nlohmann::json ApiError::body() const {
  const auto or_null = [](const std::string& text) {
    return text.empty() ? nlohmann::json() : nlohmann::json(text);
  };
  return {{"error",
           {{"message", what()},
            {"type", type_of(status_)},
            {"param", or_null(param_)},
            {"code", or_null(code_)}}}};
}

ApiError as_api_error(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const ApiError& known) {
    return known;
  } catch (const OptionError& wrong) {
    const std::string name = request_name(wrong.option()), message = wrong.what();
    return {400, name + message.substr(std::min(wrong.option().size(), message.size())), name};
  } catch (const EngineFull& full) {
    if (full.for_ever()) return {400, full.what(), {}, "too_large"};
    return ApiError(429, full.what(), {}, "queue_full").after(1);
  } catch (const Cancelled& cancelled) {
    return {499, cancelled.what(), {}, "cancelled"};
  } catch (const Error& wrong) {
    return {400, wrong.what()};
  } catch (const std::bad_alloc&) {
    return ApiError(503, "the server is out of memory", {}, "out_of_memory").after(5);
  } catch (...) {
    return {500, "the server failed; its log says more"};
  }
}

}  // namespace showo::server
