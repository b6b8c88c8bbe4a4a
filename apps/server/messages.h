// A chat's messages as the model reads a conversation: all pictures first, then turns.
#pragma once

#include "apps/server/service.h"

namespace showo::server {

struct ChatMessages {
  std::vector<std::string> pictures;  // files
  Turns turns;
  std::string question;
};

/// Pictures stand before all turns, in their order; several messages of the user's in a row are one
/// question, a line each, and a system message is the first line of the first. Throws ApiError
/// naming the message for a role or a part that is not supported, a picture that is no data URI
/// (URLs are fetched only below what Options::allowed_urls names), and when the last question is
/// not the user's.
ChatMessages read_messages(const Service& service, const Json& messages);

}  // namespace showo::server
