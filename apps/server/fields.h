// The fields of a request, from JSON or from a form's texts. Each is read once, by its name, kind
// and range; null is as if it were absent. What is left in the end is not supported, and refused by
// name.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "apps/server/api_error.h"
#include "showo/range.h"

namespace showo::server {

class Fields {
 public:
  /// Of a JSON object; `where` is what stands before its fields' names in messages
  /// ("messages[0].").
  explicit Fields(nlohmann::json object, std::string where = {});
  /// Of a form, whose values are all texts.
  static Fields of_form(const std::map<std::string, std::string>& texts);

  std::optional<std::string> text(const std::string& name);
  /// One of a few words.
  std::optional<std::string> word(const std::string& name, const std::vector<std::string>& known);
  std::optional<bool> flag(const std::string& name);
  std::optional<int64_t> whole(const std::string& name, const Range& range);
  std::optional<uint64_t> seed(const std::string& name);
  std::optional<double> number(const std::string& name, const Range& range);
  /// Anything else of JSON.
  std::optional<nlohmann::json> value(const std::string& name);
  /// Takes it, whatever it is: it makes no difference here.
  void ignore(std::initializer_list<const char*> names);
  /// Throws ApiError for one that is there with any other than its default.
  void refuse(const std::string& name, const nlohmann::json& default_value, const std::string& why);
  /// Throws ApiError for the first that nobody read.
  void done() const;

  [[noreturn]] void fail(const std::string& name, const std::string& problem) const;

 private:
  nlohmann::json object_;
  std::string where_;
  bool form_ = false;
};

/// A body as an object; throws ApiError for what is no JSON, not UTF-8, nested too deep, or no
/// object.
nlohmann::json parse_body(const std::string& body);

}  // namespace showo::server
