#include "showo/benchmarks/prompt_list.h"

#include <algorithm>
#include <array>
#include <map>

#include "showo/benchmarks/csv.h"
#include "showo/benchmarks/entries.h"
#include "showo/benchmarks/python_text.h"
#include "showo/core/error.h"

namespace showo {
namespace {

constexpr std::array kTextKeys = {"prompt", "caption", "text"};

// A prompt's text, and where it stands.
struct Found {
  std::string name, text, where;
};

std::vector<Found> in_folder(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    if (at->path().extension() == ".txt") files.push_back(at->path());
  if (error) fail("{}: {}", folder.string(), error.message());
  std::sort(files.begin(), files.end());
  std::vector<Found> found;
  for (const fs::path& file : files)
    found.push_back({file.stem().string(), read_file(file), file.string()});
  return found;
}

// The first of the usual keys; throws Error naming `where` and all of them.
template <class Has>
const char* text_key(const Has& has, const std::string& where) {
  for (const char* key : kTextKeys)
    if (has(key)) return key;
  fail("{}: expected prompt, caption or text", where);
}

std::vector<Found> in_table(const fs::path& file) {
  const CsvTable table(file);
  const char* key = text_key([&](const char* name) { return table.has(name); }, file.string());
  std::vector<Found> found;
  for (size_t row = 0; row < table.rows(); ++row)
    found.push_back({"", table.at(row, key), table.where(row)});
  return found;
}

std::vector<Found> in_json(const fs::path& file) {
  const Entries entries(file);
  std::vector<Found> found;
  for (size_t i = 0; i < entries.size(); ++i) {
    const Entry entry = entries[i];
    const bool alone = entry.json().is_string();
    const char* key =
        alone ? "" : text_key([&](const char* name) { return entry.has(name); }, entry.where());
    found.push_back({"", alone ? entry.text() : entry[key].text(), entry.where()});
  }
  return found;
}

std::vector<Found> in_lines(const fs::path& file) {
  std::vector<Found> found;
  size_t number = 0;
  for (const std::string& line : python::lines(read_file(file))) {
    ++number;
    if (!python::strip(line).empty())
      found.push_back({"", line, fmt::format("{}: line {}", file.string(), number)});
  }
  return found;
}

}  // namespace

std::vector<ListedPrompt> read_prompts(const fs::path& data, Problems& problems) {
  const std::string ending = data.extension().string();
  const auto found = fs::is_directory(data)                    ? in_folder(data)
                     : ending == ".csv"                        ? in_table(data)
                     : ending == ".jsonl" || ending == ".json" ? in_json(data)
                                                               : in_lines(data);
  std::vector<ListedPrompt> prompts;
  std::map<std::string, std::string> places;
  for (size_t i = 0; i < found.size(); ++i) {
    const std::string text = python::strip(found[i].text);
    if (text.empty()) {
      problems.add("empty", found[i].where + ": left out");
      continue;
    }
    const auto [before, is_new] = places.emplace(text, found[i].where);
    if (!is_new)
      problems.add("doubled",
                   fmt::format("{}: as {}: drawn again", found[i].where, before->second));
    prompts.push_back({found[i].name.empty() ? fmt::format("{:05}", i) : found[i].name, text});
  }
  if (prompts.empty()) fail("{}: no prompts", data.string());
  return prompts;
}

}  // namespace showo
