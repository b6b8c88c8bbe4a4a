#include "showo/benchmarks/entries.h"

#include <tuple>

#include "showo/benchmarks/python_text.h"

namespace showo {
namespace {

[[noreturn]] void fail_type(const Entry& entry, const char* expected) {
  fail("{}: expected {}, found {}", entry.where(), expected, entry.json().type_name());
}

void check_depth(const std::string& text, const std::string& name) {
  constexpr int kMost = 100;
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') quoted = !quoted;
    if (quoted && c == '\\') ++i;
    if (!quoted) depth += (c == '[' || c == '{') - (c == ']' || c == '}');
    if (depth > kMost) fail("{}: nested deeper than {} levels", name, kMost);
  }
}

Json parse_long_json(const std::string& text, const std::string& name) {
  check_depth(text, name);
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    fail("{}: not valid JSON: {}", name, error.what());
  }
}

// The keys of the outermost object in the order of the text, which is valid JSON.
std::vector<std::string> keys_of(const std::string& text) {
  std::vector<std::string> keys;
  std::ignore = Json::parse(text, [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth == 1 && event == Json::parse_event_t::key) keys.push_back(parsed.get<std::string>());
    return depth == 0;
  });
  return keys;
}

}  // namespace

Json read_long_json(const fs::path& path) {
  return parse_long_json(read_file(path), path.string());
}

bool Entry::has(const std::string& key) const { return json_->is_object() && json_->contains(key); }

Entry Entry::operator[](const char* key) const {
  if (!json_->is_object()) fail_type(*this, "an object");
  const auto found = json_->find(key);
  if (found == json_->end()) fail("{}: '{}' is missing", where_, key);
  return {*found, fmt::format("{}: '{}'", where_, key)};
}

Entry Entry::operator[](size_t index) const {
  if (index >= size()) fail("{}: expected more than {} values, found {}", where_, index, size());
  return {(*json_)[index], fmt::format("{}[{}]", where_, index)};
}

size_t Entry::size() const {
  if (!json_->is_array()) fail_type(*this, "a list");
  return json_->size();
}

const std::string& Entry::text() const {
  if (!json_->is_string()) fail_type(*this, "text");
  return json_->get_ref<const std::string&>();
}

int64_t Entry::whole() const {
  int64_t value = 0;
  config_detail::assign(value, *json_, where_);
  return value;
}

bool Entry::flag() const {
  if (!json_->is_boolean()) fail_type(*this, "true or false");
  return json_->get<bool>();
}

Entries::Entries(const fs::path& path) : path_(path.string()) {
  const std::string text = read_file(path);
  if (const size_t begin = text.find_first_not_of(" \t\r\n");
      begin != std::string::npos && text[begin] == '[') {
    Json list = parse_long_json(text, path_);
    values_ = std::move(list.get_ref<Json::array_t&>());
    return;
  }
  size_t number = 0;
  for (const std::string& line : python::lines(text)) {
    ++number;
    if (line.find_first_not_of(" \t") == std::string::npos) continue;
    values_.push_back(parse_json(line, fmt::format("{}: line {}", path_, number)));
    lines_.push_back(number);
  }
}

Entry Entries::operator[](size_t index) const {
  return {values_[index], lines_.empty() ? fmt::format("{}: entry {}", path_, index)
                                         : fmt::format("{}: line {}", path_, lines_[index])};
}

EntriesById::EntriesById(const fs::path& path) : path_(path.string()) {
  const std::string text = read_file(path);
  values_ = parse_long_json(text, path_);
  if (!values_.is_object())
    fail("{}: expected an object with values by id, found {}", path_, values_.type_name());
  std::set<std::string> seen;
  for (std::string& key : keys_of(text))
    (seen.insert(key).second ? ids_ : doubled_).push_back(std::move(key));
}

Entry EntriesById::operator[](const std::string& id) const {
  return {values_[id], fmt::format("{}: '{}'", path_, id)};
}

std::string json_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace showo
