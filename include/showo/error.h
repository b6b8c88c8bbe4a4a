// What the library throws for anything that a user can cause: a bad file, key, tensor, option or
// value. what() is one line that names the thing, what was expected and what was found.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace showo {

class Error : public std::runtime_error {
 public:
  explicit Error(std::string_view message);
};

/// What was asked for cannot be: a wrong argument, as against a file or machine that fails.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// One option of a request, as its struct names it; a command line makes a flag of the name
/// ("--steps 257: …"), a server the request's parameter.
class OptionError : public UsageError {
 public:
  /// "steps 257: expected 1 to 256".
  OptionError(std::string option, const std::string& found, const std::string& problem);
  OptionError(std::string option, const std::string& problem);
  /// With which what() begins.
  const std::string& option() const { return option_; }

 private:
  std::string option_;
};

/// There is no room for a job (EngineLimits): now, as others wait, or ever.
class EngineFull : public Error {
 public:
  explicit EngineFull(std::string_view message, bool for_ever = false)
      : Error(message), for_ever_(for_ever) {}
  /// It alone needs more than there is: trying again is in vain.
  bool for_ever() const { return for_ever_; }

 private:
  bool for_ever_;
};

/// The result of what was cancelled.
class Cancelled : public Error {
 public:
  using Error::Error;
};

}  // namespace showo
