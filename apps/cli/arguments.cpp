#include "apps/cli/arguments.h"

#include <algorithm>
#include <string_view>

namespace showo::cli {
namespace {

constexpr char kMark = '\x01';
constexpr const char* kBlanks = " \t\r\n";

// Calls `visit` with every option of the program and its commands.
template <class Visit>
void for_each_option(CLI::App& app, const Visit& visit) {
  for (CLI::Option* option : app.get_options([](CLI::Option*) { return true; })) visit(*option);
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; }))
    for_each_option(*command, visit);
}

// Flags of one letter behind which a value may stand.
std::string letters_with_values(CLI::App& app) {
  std::string letters;
  for_each_option(app, [&](const CLI::Option& option) {
    if (option.get_items_expected_max() == 0) return;
    for (const auto& name : option.get_snames()) letters += name;
  });
  return letters;
}

// Names of flags have no blanks: what begins with a dash and has one is a text, unless it holds the
// value of a flag of one letter ("-omy picture.png").
bool is_text(std::string_view argument, std::string_view letters) {
  if (!argument.starts_with('-')) return true;
  const bool is_long = argument.starts_with("--");
  if (!is_long && argument.size() > 1 && letters.find(argument[1]) != std::string_view::npos)
    return false;
  return argument.substr(0, argument.find('=')).find_first_of(kBlanks) != std::string_view::npos;
}

// What CLI11 would not take as it stands.
bool has_syntax(std::string_view text) {
  return text.empty() || text == "++" || text.find_first_of("[{-\x01") == 0;
}

std::string marked(const std::string& argument, std::string_view letters, bool behind_dashes) {
  if (argument.empty()) return argument;
  if (behind_dashes || is_text(argument, letters))
    return has_syntax(argument) ? kMark + argument : argument;
  const size_t equals = argument.find('=');
  if (!argument.starts_with("--") || equals == std::string::npos) return argument;
  const std::string value = argument.substr(equals + 1);
  return has_syntax(value) ? argument.substr(0, equals + 1) + kMark + value : argument;
}

}  // namespace

void parse_as_typed(CLI::App& app, int argc, const char* const* argv) {
  for_each_option(app, [](CLI::Option& option) {
    option.transform(CLI::Validator(
        [](std::string& text) {
          if (text.starts_with(kMark)) text.erase(0, 1);
          return std::string();
        },
        ""));
  });
  const std::string letters = letters_with_values(app);
  std::vector<std::string> arguments;
  bool behind_dashes = false;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const bool dashes = argument == "--" && !behind_dashes;
    arguments.push_back(dashes ? argument : marked(argument, letters, behind_dashes));
    behind_dashes |= dashes;
  }
  std::ranges::reverse(arguments);  // as CLI11 wants them
  app.parse(std::move(arguments));
}

std::string without_marks(std::string text) {
  std::erase(text, kMark);
  return text;
}

}  // namespace showo::cli
