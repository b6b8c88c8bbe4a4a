// What a client is told when its request cannot be answered: OpenAI's error body.
#pragma once

#include <exception>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace showo::server {

class ApiError : public std::runtime_error {
 public:
  ApiError(int status, const std::string& message, std::string param = {}, std::string code = {})
      : std::runtime_error(message),
        status_(status),
        param_(std::move(param)),
        code_(std::move(code)) {}
  int status() const { return status_; }
  /// The request's field, if it is one that is wrong.
  const std::string& param() const { return param_; }
  /// {"error": {"message", "type", "param", "code"}}.
  nlohmann::json body() const;
  /// Seconds after which to try again; 0: there is no use.
  int retry_after() const { return retry_after_; }
  ApiError&& after(int seconds) && {
    retry_after_ = seconds;
    return std::move(*this);
  }

 private:
  int status_;
  std::string param_, code_;
  int retry_after_ = 0;
};

/// What any exception is to a client: the library's Error and its kin as 400, 429 and 499, anything
/// else as 500, of which only the log hears more.
ApiError as_api_error(const std::exception_ptr& error);

}  // namespace showo::server
