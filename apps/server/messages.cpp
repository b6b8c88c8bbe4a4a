#include "apps/server/messages.h"

#include <fmt/format.h>

#include "apps/server/base64.h"
#include "apps/server/fetch.h"
#include "apps/server/fields.h"

namespace showo::server {
namespace {

constexpr size_t kMostMessages = 1024;

std::string picture_of(const Service& service, const std::string& url, const std::string& field) {
  if (!url.starts_with("data:")) return fetch(service, url, field);
  const size_t comma = url.find(',');
  if (comma == std::string::npos || !url.substr(0, comma).ends_with(";base64"))
    throw ApiError(400, field + ": expected data:image/…;base64,…", field, "invalid_image");
  auto file = from_base64(std::string_view(url).substr(comma + 1));
  if (!file) throw ApiError(400, field + ": not base64", field, "invalid_base64");
  return std::move(*file);
}

class Reader {
 public:
  explicit Reader(const Service& service) : service_(service) {}

  void add(const Json& message, const std::string& where) {
    if (!message.is_object()) throw ApiError(400, where + ": expected an object", where);
    Fields fields(message, where + ".");
    const auto role = fields.word("role", {"system", "developer", "user", "assistant"});
    if (!role) fields.fail("role", " is missing");
    fields.ignore({"name", "refusal"});
    fields.refuse("tool_calls", Json::array(), "tools are not supported");
    fields.refuse("audio", nullptr, "not supported");
    fields.refuse("function_call", nullptr, "tools are not supported");
    const auto content = fields.value("content");
    if (!content) fields.fail("content", " is missing");
    fields.done();
    const std::string text = text_of(*content, where + ".content", *role == "user");
    if (*role == "assistant") {
      end_turn(text, where);
    } else {
      if (*role != "user" && (!chat_.turns.empty() || said_))
        throw ApiError(400, where + ": a system message after others is not supported", where);
      said_ |= *role == "user";
      if (!text.empty()) chat_.question += (chat_.question.empty() ? "" : "\n") + text;
    }
  }

  ChatMessages end() {
    if (!said_) throw ApiError(400, "messages: expected the last one to be the user's", "messages");
    service_.check_text(chat_.question, "messages");
    return std::move(chat_);
  }

 private:
  void end_turn(const std::string& answer, const std::string& where) {
    if (!said_) throw ApiError(400, where + ": an answer before any question", where);
    service_.check_text(chat_.question, "messages");
    chat_.turns.emplace_back(std::exchange(chat_.question, {}), answer);
    said_ = false;
  }

  std::string text_of(const Json& content, const std::string& where, bool may_show) {
    if (content.is_string()) return content.get<std::string>();
    if (!content.is_array())
      throw ApiError(400, where + ": expected a string or a list of parts", where);
    std::string text;
    for (size_t i = 0; i < content.size(); ++i) {
      const std::string part = fmt::format("{}[{}]", where, i);
      if (!content[i].is_object()) throw ApiError(400, part + ": expected an object", part);
      Fields fields(content[i], part + ".");
      const auto type = fields.text("type");
      if (!type) fields.fail("type", " is missing");
      if (*type == "text") {
        const auto more = fields.text("text");
        if (!more) fields.fail("text", " is missing");
        text += (text.empty() ? "" : "\n") + *more;
      } else if (*type == "image_url" && may_show) {
        show(fields, part);
      } else {
        fields.fail("type",
                    fmt::format(" {}: expected text{}", *type, may_show ? " or image_url" : ""));
      }
      fields.done();
    }
    return text;
  }

  void show(Fields& fields, const std::string& part) {
    const auto image = fields.value("image_url");
    if (!image || !image->is_object()) fields.fail("image_url", ": expected an object with url");
    Fields inside(*image, part + ".image_url.");
    const auto url = inside.text("url");
    if (!url) inside.fail("url", " is missing");
    inside.word("detail", {"auto", "low", "high", "original"});  // a picture is seen in one way
    inside.done();
    if (std::ssize(chat_.pictures) == service_.limits.pictures) {
      throw ApiError(400,
                     fmt::format("messages: more than {} pictures, which is the limit",
                                 service_.limits.pictures),
                     "messages");
    }
    chat_.pictures.push_back(picture_of(service_, *url, part + ".image_url.url"));
  }

  const Service& service_;
  ChatMessages chat_;
  bool said_ = false;  // something that has no answer yet
};

}  // namespace

ChatMessages read_messages(const Service& service, const Json& messages) {
  if (!messages.is_array() || messages.empty())
    throw ApiError(400, "messages: expected a list of at least one", "messages");
  if (messages.size() > kMostMessages) {
    throw ApiError(400,
                   fmt::format("messages: {}, expected at most {}", messages.size(), kMostMessages),
                   "messages");
  }
  Reader reader(service);
  for (size_t i = 0; i < messages.size(); ++i)
    reader.add(messages[i], fmt::format("messages[{}]", i));
  return reader.end();
}

}  // namespace showo::server
