// showo info: what is in a file or folder that this program reads or writes.
#include "apps/cli/info.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "apps/cli/command.h"
#include "showo/core/error.h"

namespace showo::cli {
namespace {

using Kind = std::optional<Info> (*)(const fs::path&);

// The particular before the general: a run holds models, a model holds weights.
constexpr Kind kKinds[] = {picture_info,   run_info,    case_info,    model_info,
                           tokenizer_info, shards_info, weights_info, parquet_info,
                           recipe_info,    json_info,   text_info,    pictures_info};

Info info_of(const fs::path& path) {
  std::error_code ignored;
  const auto status = fs::status(path, ignored);
  if (!fs::exists(status)) fail("{}: No such file or folder", path.string());
  if (!fs::is_regular_file(status) && !fs::is_directory(status))
    fail("{}: not a regular file", path.string());
  for (const Kind kind : kKinds)
    if (auto info = kind(path)) return *std::move(info);
  fail(
      "{}: no picture, weights, model, tokenizer, shards, samples, recipe or run: nothing that "
      "this program reads",
      path.string());
}

std::string as_line(const Facts& value) {
  if (value.is_string()) return printable(value.get_ref<const std::string&>());
  if (!value.is_array()) return value.dump();
  std::string line;
  for (const auto& item : value) line += (line.empty() ? "" : ", ") + as_line(item);
  return line;
}

void print_lines(const Facts& facts, const std::string& indent) {
  for (const auto& [key, value] : facts.items()) {
    if (value.is_object() && !value.empty()) {
      fmt::print("{}{}:\n", indent, printable(key));
      print_lines(value, indent + "  ");
    } else {
      fmt::print("{}{}: {}\n", indent, printable(key), as_line(value));
    }
  }
}

void show(const std::string& path, bool json) {
  const Info info = info_of(path);
  if (!json) {
    fmt::print("{}: {}\n", printable(path), printable(info.title));
    return print_lines(info.lines.value_or(info.facts), "");
  }
  Facts all = {{"path", path}};
  all.update(info.facts);
  fmt::print("{}\n", all.dump(2, ' ', true, Facts::error_handler_t::replace));
}

}  // namespace

void add_info(CLI::App& app) {
  auto* command = app.add_subcommand("info", "what a file or folder of this program holds");
  auto path = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  command
      ->add_option("path", *path,
                   "a picture, weights, the folder of a model, tokenizer or run, shards or other "
                   "samples, a recipe")
      ->required();
  command->add_flag("--json", *json, "as JSON")->group("machine");
  command->callback([=] { show(*path, *json); });
  command->footer(
      "Examples:\n  showo info apple.png\n  showo info runs/showo --json\n"
      "  showo info data/emoji/train-0000.tar");
}

}  // namespace showo::cli
