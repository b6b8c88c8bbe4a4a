// GPT-2's spelling of bytes as printable characters, in which vocabulary files are written.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace showo {

/// The character (UTF-8) that stands for each byte.
const std::array<std::string, 256>& byte_spellings();
/// A token's spelling → its bytes; nothing when a character stands for no byte.
std::optional<std::string> bytes_of_spelling(std::string_view spelling);

}  // namespace showo
