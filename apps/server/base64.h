// Base64 (RFC 4648), in which JSON carries pictures.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace showo::server {

std::string to_base64(std::string_view bytes);
/// None for anything else: other characters, a wrong length, bits left over.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace showo::server
