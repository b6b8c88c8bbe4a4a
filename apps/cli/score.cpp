#include "apps/cli/score.h"

#include "showo/benchmarks/benchmarks.h"

namespace showo::cli {
namespace {

// What of a score is a table's, the rest being one entry a question.
constexpr size_t kMostShown = 40;

// Numbers by name, nested ones behind their keys; long lists are left to --json.
void add_lines(const Json& score, const std::string& name, std::string& text) {
  if (score.is_number())
    text += score.is_number_integer()
                ? fmt::format("{}: {}\n", printable(name), score.dump())
                : fmt::format("{}: {:.4f}\n", printable(name), score.get<double>());
  if (!score.is_object() || score.size() > kMostShown) return;
  for (const auto& [key, value] : score.items())
    add_lines(value, name.empty() ? key : name + " " + key, text);
}

}  // namespace

void print_score(const Json& score, const std::string& headline, bool json) {
  if (json) {
    fmt::print("{}\n", score.dump(1, ' ', false, Json::error_handler_t::replace));
    return;
  }
  std::string text;
  for (const auto& [key, value] : score.items())
    if (key.starts_with("official")) add_lines(value, key, text);
  const Json problems = score.value("problems", Json::object());
  for (const auto& [kind, found] : problems.items()) {
    const Json& first = found["first"];
    text += fmt::format("{}: {}, the first: {}\n", printable(kind), found["count"].dump(),
                        first.empty() ? "" : printable(first[0].get<std::string>()));
  }
  fmt::print("{}{}", text, headline);
}

std::string published_rows(const std::string& name, const std::optional<double>& ours) {
  std::string text;
  if (ours) text += fmt::format("{:<28}{:>10.2f}\n", name, *ours);
  for (const auto& [model, figure] : published_figures(name))
    text += fmt::format("{:<28}{:>10.2f}  published\n", model, figure);
  return text;
}

}  // namespace showo::cli
