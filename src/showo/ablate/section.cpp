#include "showo/ablate/section.h"

#include <algorithm>

namespace showo {
namespace {

std::string text_of(const Json& value, const std::string& where) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  fail("{}: expected text, found {}", where, config_detail::shown(value));
}

}  // namespace

Section::Section(Json json, std::string where) : json_(std::move(json)), where_(std::move(where)) {
  if (!json_.is_object())
    fail("{}: expected keys and values, found {}", where_, config_detail::shown(json_));
}

Json Section::value(const char* key) {
  known_.emplace_back(key);
  return json_.value(key, Json());
}

std::string Section::take_name(const char* what) {
  const std::string name = text("name");
  where_ = fmt::format("{}: {} '{}'", where_.substr(0, where_.rfind(": ")), what, name);
  return name;
}

std::string Section::text(const char* key) {
  const Json found = value(key);
  if (found.is_null()) fail("{}: {} is missing", where_, key);
  return text_of(found, fmt::format("{}: {}", where_, key));
}

std::string Section::text_or(const char* key, const std::string& absent) {
  return json_.contains(key) ? text(key) : (value(key), absent);
}

bool Section::flag_or(const char* key, bool absent) {
  const Json found = value(key);
  if (found.is_null()) return absent;
  if (!found.is_boolean())
    fail("{}: {}: expected true or false, found {}", where_, key, config_detail::shown(found));
  return found.get<bool>();
}

std::optional<double> Section::number(const char* key) {
  const Json found = value(key);
  if (found.is_null()) return {};
  if (!found.is_number())
    fail("{}: {}: expected a number, found {}", where_, key, config_detail::shown(found));
  return found.get<double>();
}

std::vector<std::string> Section::texts(const char* key) {
  const Json found = value(key);
  const std::string where = fmt::format("{}: {}", where_, key);
  if (found.is_null()) return {};
  if (!found.is_array()) return {text_of(found, where)};
  std::vector<std::string> texts;
  for (const Json& item : found) texts.push_back(text_of(item, where));
  return texts;
}

std::vector<Section> Section::sections(const char* key, const char* what) {
  const Json found = value(key);
  if (found.is_null()) return {};
  if (!found.is_array())
    fail("{}: {}: expected a list, found {}", where_, key, config_detail::shown(found));
  std::vector<Section> sections;
  for (size_t i = 0; i < found.size(); ++i)
    sections.emplace_back(found[i], fmt::format("{}: {} {}", where_, what, i + 1));
  return sections;
}

void Section::end() const {
  for (const auto& item : json_.items()) {
    if (std::ranges::find(known_, item.key()) == known_.end())
      fail("{}: unknown key '{}'; known: {}", where_, item.key(), config_detail::list_keys(known_));
  }
}

}  // namespace showo
