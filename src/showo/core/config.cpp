#include "showo/core/config.h"

#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

namespace showo {
namespace {

constexpr int kDepthLimit = 64;
constexpr int kValueLimit = 1'000'000;  // aliases can stand for far more than the file holds

// YAML has no types of its own: a plain scalar is what it can be read as, a quoted one is text.
Json scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;
  if (text == "true" || text == "false") return text == "true";
  if (text == "null" || text == "~" || text.empty()) return nullptr;
  if (int64_t whole; YAML::convert<int64_t>::decode(node, whole)) return whole;
  if (uint64_t whole; YAML::convert<uint64_t>::decode(node, whole)) return whole;
  if (double number; YAML::convert<double>::decode(node, number)) return number;
  return text;
}

Json to_json(const YAML::Node& node, const std::string& name, int depth, int& values) {
  if (depth > kDepthLimit) fail("{}: nested deeper than {} levels", name, kDepthLimit);
  if (++values > kValueLimit) fail("{}: more than {} values", name, kValueLimit);
  if (node.IsMap()) {
    Json json = Json::object();
    for (const auto& item : node) {
      const auto key = item.first.Scalar();
      if (json.contains(key)) fail("{}: key '{}' stands twice", name, key);
      json[key] = to_json(item.second, name, depth + 1, values);
    }
    return json;
  }
  if (node.IsSequence()) {
    Json json = Json::array();
    for (const auto& item : node) json.push_back(to_json(item, name, depth + 1, values));
    return json;
  }
  return node.IsScalar() ? scalar(node) : Json(nullptr);
}

}  // namespace

Json parse_yaml(const std::string& text, const std::string& name) {
  try {
    int values = 0;
    return to_json(YAML::Load(text), name, 0, values);
  } catch (const YAML::Exception& error) {
    fail("{}: line {}: {}", name, error.mark.line + 1, error.msg);
  }
}

Json read_yaml(const fs::path& path) {
  return parse_yaml(read_file(path, 16 << 20), path.string());
}

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
