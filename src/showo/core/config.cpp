#include "showo/core/config.h"

#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include "showo/core/number.h"
#include "showo/core/yaml_config.h"

namespace showo {
namespace {

constexpr int kDepthLimit = 64;
// A value takes yaml-cpp half a kilobyte, and may be two bytes of a file.
constexpr uint64_t kYamlLimit = 1 << 20;
constexpr int kValueLimit = 1'000'000;  // aliases can stand for far more than the file holds

// .inf and .nan, which YAML has and a decimal number has not.
std::optional<double> not_finite(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (text == ".inf" || text == ".Inf" || text == ".INF") return negative ? -kInfinity : kInfinity;
  if (text == ".nan" || text == ".NaN" || text == ".NAN")
    return std::numeric_limits<double>::quiet_NaN();
  return {};
}

// YAML has no types of its own: a quoted scalar is text, a plain one what it can be read as. That
// is true, false, a decimal number as read_number has it (yaml-cpp takes 010 for eight and 0x10 for
// sixteen), .inf, .nan, or else text.
Json scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!" || node.Tag().ends_with(":str")) return text;
  if (text == "true" || text == "false") return text == "true";
  if (int64_t whole; read_number(text, whole) == std::errc()) return whole;
  if (uint64_t whole; read_number(text, whole) == std::errc()) return whole;
  if (double number; read_number(text, number) == std::errc()) return number;
  if (const auto number = not_finite(text)) return *number;
  return text;
}

// Nodes as Json; a plain scalar whose path is among `texts` stays as it was written.
class Converter {
 public:
  Converter(const std::string& text, const std::string& name, const TextKeys& texts)
      : text_(text), name_(name), texts_(texts) {}

  Json convert(const YAML::Node& node, const std::string& path, int depth) {
    if (depth > kDepthLimit) fail("{}: nested deeper than {} levels", name_, kDepthLimit);
    if (++values_ > kValueLimit) fail("{}: more than {} values", name_, kValueLimit);
    if (node.IsMap()) return map(node, path, depth);
    if (node.IsSequence()) {
      Json json = Json::array();
      for (const auto& item : node) json.push_back(convert(item, path + "[]", depth + 1));
      return json;
    }
    const bool as_written = texts_.contains(path);
    if (node.IsScalar()) return as_written ? Json(node.Scalar()) : scalar(node);
    return as_written ? null_as_written(node) : Json(nullptr);
  }

 private:
  Json map(const YAML::Node& node, const std::string& path, int depth) {
    Json json = Json::object();
    for (const auto& item : node) {
      const auto key = item.first.Scalar();
      if (json.contains(key)) fail("{}: key '{}' stands twice", name_, key);
      json[key] = convert(item.second, path.empty() ? key : path + "." + key, depth + 1);
    }
    return json;
  }

  // yaml-cpp forgets how a null was written; where nothing was written it is one.
  Json null_as_written(const YAML::Node& node) const {
    const auto at = static_cast<size_t>(std::max(node.Mark().pos, 0));
    const std::string_view rest = std::string_view(text_).substr(std::min(at, text_.size()));
    for (const char* spelling : {"~", "null", "Null", "NULL"})
      if (rest.starts_with(spelling)) return spelling;
    return nullptr;
  }

  const std::string &text_, &name_;
  const TextKeys& texts_;
  int values_ = 0;
};

}  // namespace

Json parse_yaml(const std::string& text, const std::string& name, const TextKeys& texts) {
  try {
    return Converter(text, name, texts).convert(YAML::Load(text), "", 0);
  } catch (const YAML::Exception& error) {
    fail("{}: line {}: {}", name, error.mark.line + 1, error.msg);
  }
}

Json parse_yaml(const std::string& text, const std::string& name) {
  return parse_yaml(text, name, {});
}

Json read_yaml(const fs::path& path, const TextKeys& texts) {
  return parse_yaml(read_file(path, kYamlLimit), path.string(), texts);
}

Json read_yaml(const fs::path& path) { return read_yaml(path, {}); }

Json parse_json(const std::string& text, const std::string& name) {
  try {
    return Json::parse(text, [&](int depth, Json::parse_event_t, Json&) {
      if (depth > kDepthLimit) fail("{}: nested deeper than {} levels", name, kDepthLimit);
      return true;
    });
  } catch (const Json::exception& error) {
    fail("{}: not valid JSON: {}", name, error.what());
  }
}

Json read_json(const fs::path& path) {
  return parse_json(read_file(path, 256 << 20), path.string());
}

std::string config_detail::shown(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string config_detail::list_keys(const std::vector<std::string>& keys) {
  return fmt::format("{}", fmt::join(keys, ", "));
}

}  // namespace showo
