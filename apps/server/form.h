// A multipart form: texts and files by name. What nobody asks for is refused.
#pragma once

#include <httplib.h>

#include "apps/server/fields.h"

namespace showo::server {

class Form {
 public:
  /// Throws ApiError for what is no form, for a text that is not UTF-8, and for one that comes
  /// twice.
  explicit Form(const httplib::Request& request);
  /// All files of these names, in the order of the names.
  std::vector<std::string> files(std::initializer_list<const char*> names);
  /// One; throws ApiError for more.
  std::optional<std::string> file(const std::string& name);
  Fields& fields() { return fields_; }
  /// Throws ApiError for a file that nobody took.
  void done() const;

 private:
  std::multimap<std::string, std::string> files_;
  Fields fields_{nlohmann::json::object()};
};

}  // namespace showo::server
