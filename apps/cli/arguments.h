// Arguments reach the program as they were typed. CLI11 has a syntax of its own for some of them:
// "[a,b]" is a list, "++" ends a command, "--name=" takes the next argument for its value, and any
// text that begins with a dash is a flag. Such arguments get a mark in front, which hides them from
// it and which every option takes off again before it reads its text.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace showo::cli {

/// Parses the arguments; to be called when all commands were added.
void parse_as_typed(CLI::App& app, int argc, const char* const* argv);

/// For messages of CLI11, which quote arguments.
std::string without_marks(std::string text);

}  // namespace showo::cli
