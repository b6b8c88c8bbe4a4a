#include "apps/server/fields.h"

#include <fmt/format.h>

#include "showo/core/number.h"

namespace showo::server {
namespace {

constexpr int kMostDepth = 32;

std::string shown(const nlohmann::json& value) {
  std::string text = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  constexpr size_t kMost = 60;
  if (text.size() > kMost) {
    size_t end = kMost;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text.replace(end, std::string::npos, "…");
  }
  return text;
}

}  // namespace

Fields::Fields(nlohmann::json object, std::string where)
    : object_(std::move(object)), where_(std::move(where)) {}

Fields Fields::of_form(const std::map<std::string, std::string>& texts) {
  Fields fields((nlohmann::json(texts)));
  if (texts.empty()) fields.object_ = nlohmann::json::object();
  fields.form_ = true;
  return fields;
}

void Fields::fail(const std::string& name, const std::string& problem) const {
  throw ApiError(400, where_ + name + problem, where_ + name);
}

std::optional<nlohmann::json> Fields::value(const std::string& name) {
  const auto found = object_.find(name);
  if (found == object_.end()) return {};
  auto value = std::move(*found);
  object_.erase(found);
  if (value.is_null()) return {};
  return value;
}

std::optional<std::string> Fields::text(const std::string& name) {
  auto found = value(name);
  if (!found) return {};
  if (!found->is_string()) fail(name, fmt::format(" {}: expected a string", shown(*found)));
  return found->get<std::string>();
}

std::optional<std::string> Fields::word(const std::string& name,
                                        const std::vector<std::string>& known) {
  const auto found = text(name);
  if (!found) return {};
  if (std::ranges::find(known, *found) == known.end())
    fail(name, fmt::format(" {}: expected {}", shown(*found), fmt::join(known, ", ")));
  return found;
}

std::optional<bool> Fields::flag(const std::string& name) {
  const auto found = value(name);
  if (!found) return {};
  if (form_ && (*found == "true" || *found == "1")) return true;
  if (form_ && (*found == "false" || *found == "0")) return false;
  if (!found->is_boolean()) fail(name, fmt::format(" {}: expected true or false", shown(*found)));
  return found->get<bool>();
}

std::optional<int64_t> Fields::whole(const std::string& name, const Range& range) {
  const auto found = value(name);
  if (!found) return {};
  int64_t number = 0;
  bool read = false;
  if (found->is_number_unsigned()) {
    read = found->get<uint64_t>() <= INT64_MAX;
    if (read) number = found->get<int64_t>();
  } else if (found->is_number_integer()) {
    read = true;
    number = found->get<int64_t>();
  } else if (form_) {
    read = read_number(found->get<std::string>(), number) == std::errc();
  }
  if (!read || !range.holds(number))
    fail(name, fmt::format(" {}: expected a whole number, {}", shown(*found),
                           range.within<int64_t>().text()));
  return number;
}

std::optional<uint64_t> Fields::seed(const std::string& name) {
  const auto found = value(name);
  if (!found) return {};
  uint64_t number = 0;
  const bool read = form_ ? read_number(found->get<std::string>(), number) == std::errc()
                          : found->is_number_unsigned();
  if (!read)
    fail(name, fmt::format(" {}: expected a whole number from 0 to {}", shown(*found), UINT64_MAX));
  return form_ ? number : found->get<uint64_t>();
}

std::optional<double> Fields::number(const std::string& name, const Range& range) {
  const auto found = value(name);
  if (!found) return {};
  double number = 0;
  bool read = found->is_number();
  if (read) number = found->get<double>();
  if (!read && form_) read = read_number(found->get<std::string>(), number) == std::errc();
  if (!read || !range.holds(number))
    fail(name,
         fmt::format(" {}: expected a number, {}", shown(*found), range.within<double>().text()));
  return number;
}

void Fields::ignore(std::initializer_list<const char*> names) {
  for (const char* name : names) object_.erase(name);
}

void Fields::refuse(const std::string& name, const nlohmann::json& default_value,
                    const std::string& why) {
  const auto found = value(name);
  if (found && *found != default_value) fail(name, fmt::format(" {}: {}", shown(*found), why));
}

void Fields::done() const {
  for (const auto& [name, value] : object_.items()) {
    if (!value.is_null()) fail(name, " is not supported");
  }
}

nlohmann::json parse_body(const std::string& body) {
  nlohmann::json parsed;
  try {
    parsed = nlohmann::json::parse(body, [](int depth, nlohmann::json::parse_event_t, auto&) {
      if (depth > kMostDepth)
        throw ApiError(400, "the body is nested too deep", {}, "invalid_json");
      return true;
    });
  } catch (const nlohmann::json::exception& error) {
    const std::string text = error.what();
    throw ApiError(400, "the body is no JSON: " + text.substr(text.find("] ") + 2), {},
                   "invalid_json");
  }
  if (!parsed.is_object()) throw ApiError(400, "the body is no JSON object", {}, "invalid_json");
  return parsed;
}

}  // namespace showo::server
