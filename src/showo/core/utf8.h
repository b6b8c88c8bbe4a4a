// UTF-8 as RFC 3629 has it.
#pragma once

#include <cstddef>
#include <string_view>

namespace showo {

/// Bytes of the well-formed UTF-8 character (RFC 3629) that `text` starts with; 0 when it starts
/// with none.
size_t utf8_length(std::string_view text);

}  // namespace showo
