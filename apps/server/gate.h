// Who may come in: keys, the Host header, pages of other origins.
#pragma once

#include <httplib.h>

#include <optional>
#include <string>
#include <vector>

#include "apps/server/options.h"

namespace showo::server {

class Gate {
 public:
  /// Reads the file of keys. Throws Error naming it.
  explicit Gate(const Options& options);

  /// Throws ApiError 403 for a Host that is not this server's: a page whose own name was made to
  /// point here (DNS rebinding) has another; and for a page of another origin.
  void check_origin(const httplib::Request& request) const;
  /// Throws ApiError 401 without a key, where keys are asked for.
  void check_key(const httplib::Request& request) const;
  /// Headers for a page of an origin that may use this server.
  void allow_origin(const httplib::Request& request, httplib::Response& response) const;
  /// Whose request it is: its key's, or its address's.
  std::string client(const httplib::Request& request) const;

 private:
  bool is_allowed_origin(const std::string& origin) const;
  std::optional<size_t> key(const httplib::Request& request) const;
  const Options options_;
  std::vector<std::string> keys_;
};

}  // namespace showo::server
