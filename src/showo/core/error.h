// The one exception for what a user can cause: a bad file, key, tensor, flag or value. Its message
// is one line that names the thing, what was expected and what was found. Our own mistakes are
// assertions (TORCH_CHECK), never this.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace showo {

/// `text` as one line that a terminal can show, whatever names and excerpts of files it holds:
/// control characters, separators of lines and bytes that are not UTF-8 as escapes (\n, \x1b); the
/// middle of what is above 8192 bytes is left out.
std::string one_line(std::string_view text);

/// The same with nothing left out. A text of several lines keeps its line breaks when asked.
std::string printable(std::string_view text, bool keep_breaks = false);

class Error : public std::runtime_error {
 public:
  explicit Error(std::string_view message) : std::runtime_error(one_line(message)) {}
};

/// A flag or argument that cannot be used: the program exits with 2 instead of 1.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// Throws Error with a formatted message: fail("{}: tensor '{}' is missing", path, name).
template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace showo
