#include "apps/server/form.h"

#include <fmt/format.h>

#include "showo/core/utf8.h"

namespace showo::server {
namespace {

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace

Form::Form(const httplib::Request& request) {
  if (!request.is_multipart_form_data())
    throw ApiError(415, "expected Content-Type multipart/form-data", {}, "unsupported_media_type");
  std::map<std::string, std::string> texts;
  for (const auto& [name, part] : request.files) {
    if (!is_utf8(name)) throw ApiError(400, "a field's name is not UTF-8");
    if (!part.filename.empty()) {
      files_.emplace(name, part.content);
      continue;
    }
    if (!is_utf8(part.content)) throw ApiError(400, name + " is not UTF-8", name);
    if (!texts.emplace(name, part.content).second) throw ApiError(400, name + " comes twice", name);
  }
  fields_ = Fields::of_form(texts);
}

std::vector<std::string> Form::files(std::initializer_list<const char*> names) {
  std::vector<std::string> found;
  for (const char* name : names) {
    const auto [begin, end] = files_.equal_range(name);
    for (auto at = begin; at != end; ++at) found.push_back(std::move(at->second));
    files_.erase(begin, end);
  }
  return found;
}

std::optional<std::string> Form::file(const std::string& name) {
  auto found = files({name.c_str()});
  if (found.size() > 1)
    throw ApiError(400, fmt::format("{}: {} files, expected one", name, found.size()), name);
  if (found.empty()) return {};
  return std::move(found[0]);
}

void Form::done() const {
  if (files_.empty()) return;
  const std::string& name = files_.begin()->first;
  throw ApiError(400, name + ": a file of that name is not supported", name);
}

}  // namespace showo::server
