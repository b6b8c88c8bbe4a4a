// The one exception for what a user can cause: a bad file, key, tensor, flag or value. Its message
// is one line that names the thing, what was expected and what was found. Our own mistakes are
// assertions (TORCH_CHECK), never this.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace showo {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
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
