#include "showo/data/json_objects.h"

#include <algorithm>

#include "showo/data/clean.h"
#include "showo/data/source.h"

namespace showo {
namespace {

constexpr const char* kSpace = " \t\r\n";
constexpr size_t kMaxEntry = 64 << 20;  // parsed, an entry takes many times its bytes

// The closing quote of the string that opens at `at`, or the text's end. Plain loops: these files
// have gigabytes.
size_t end_of_string(std::string_view text, size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) at += text[at] == '\\';
  return std::min(at, text.size());
}

// One past the object or list that begins at `at`, or npos when it does not end.
size_t end_of_object(std::string_view text, size_t at) {
  const char open = text[at], close = open == '{' ? '}' : ']';
  for (int depth = 0; at < text.size(); ++at) {
    if (text[at] == open) ++depth;
    if (text[at] == close && --depth == 0) return at + 1;
    if (text[at] == '"') at = end_of_string(text, at);
  }
  return std::string_view::npos;
}

// The value that begins at `at`, as far as the text goes.
std::string_view value_from(std::string_view text, size_t at) {
  if (at >= text.size()) return {};
  if (text[at] == '"') return text.substr(at, end_of_string(text, at) + 1 - at);
  if (text[at] == '{' || text[at] == '[') return text.substr(at, end_of_object(text, at) - at);
  return text.substr(at, std::min(text.find_first_of(",}]", at), text.size()) - at);
}

}  // namespace

JsonObjects::JsonObjects(const fs::path& path)
    : path_(path.string()), file_(MappedFile::open(path)) {
  text_ =
      without_mark({reinterpret_cast<const char*>(file_->bytes().data()), file_->bytes().size()});
  const size_t begin = text_.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) fail("{}: the file is empty", path_);
  if (text_[begin] == '[') {
    index_list(begin + 1);
  } else if (text_[begin] == '{') {
    index_lines();
  } else {
    fail("{}: expected a JSON list of objects, or one object a line", path_);
  }
}

void JsonObjects::index_list(size_t at) {
  auto expect = [&](const char* what, bool found) {
    if (!found) fail("{}: after entry {}: expected {}", path_, entries_.size(), what);
  };
  for (bool more = true; more;) {
    at = text_.find_first_not_of(kSpace, at);
    expect("an object or ']'", at != std::string_view::npos);
    if (text_[at] == ']' && entries_.empty() && ++at) break;
    expect("an object", text_[at] == '{');
    const size_t end = end_of_object(text_, at);
    expect("an object that ends", end != std::string_view::npos);
    entries_.push_back({at, end - at});
    at = text_.find_first_not_of(kSpace, end);
    expect("',' or ']'", at != std::string_view::npos && (text_[at] == ',' || text_[at] == ']'));
    more = text_[at++] == ',';
  }
  expect("the end of the file", text_.find_first_not_of(kSpace, at) == std::string_view::npos);
}

void JsonObjects::index_lines() {
  for (size_t at = 0; at < text_.size();) {
    const size_t end = std::min(text_.find('\n', at), text_.size());
    if (text_.substr(at, end - at).find_first_not_of(kSpace) != std::string_view::npos)
      entries_.push_back({at, end - at});
    at = end + 1;
  }
}

std::string_view JsonObjects::text(size_t index) const {
  return text_.substr(entries_[index].begin, entries_[index].size);
}

std::string JsonObjects::name(size_t index) const {
  return fmt::format("{}: entry {}", path_, index);
}

Json JsonObjects::parsed(std::string_view json, size_t index) const {
  try {
    return parse_json(std::string(json), name(index));
  } catch (const Error& error) {
    throw CorruptSample(error.what());
  }
}

Json JsonObjects::at(size_t index) const {
  if (text(index).size() > kMaxEntry) fail_sample("{}: more than {} bytes", name(index), kMaxEntry);
  Json json = parsed(text(index), index);
  if (!json.is_object())
    fail_sample("{}: expected an object, found {}", name(index), json.type_name());
  return json;
}

// Keys of the entry itself stand at depth 1, before a colon.
Json JsonObjects::value_at(size_t index, const std::string& key) const {
  const std::string_view entry = text(index);
  int depth = 0;
  for (size_t at = 0; at < entry.size(); ++at) {
    const char c = entry[at];
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c != '"') continue;
    const size_t end = end_of_string(entry, at);
    if (depth == 1 && entry.substr(at + 1, end - at - 1) == key) {
      const size_t colon = entry.find_first_not_of(kSpace, end + 1);
      if (colon != std::string_view::npos && entry[colon] == ':') {
        const auto value = value_from(entry, entry.find_first_not_of(kSpace, colon + 1));
        if (value.size() > kMaxEntry) fail_sample("{}: more than {} bytes", name(index), kMaxEntry);
        return parsed(value, index);
      }
    }
    at = end;
  }
  return nullptr;
}

}  // namespace showo
