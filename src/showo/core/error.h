// How errors are made (showo/error.h). Our own mistakes are assertions (TORCH_CHECK), never these.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "showo/error.h"

namespace showo {

/// `text` as one line that a terminal can show, whatever names and excerpts of files it holds:
/// control characters, separators of lines and bytes that are not UTF-8 as escapes (\n, \x1b); the
/// middle of what is above 8192 bytes is left out.
std::string one_line(std::string_view text);

/// The same with nothing left out. A text of several lines keeps its line breaks when asked.
std::string printable(std::string_view text, bool keep_breaks = false);

/// Throws Error with a formatted message: fail("{}: tensor '{}' is missing", path, name).
template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace showo
