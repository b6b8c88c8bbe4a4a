#include "showo/data/find.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>

#include "showo/data/clean.h"

namespace showo {
namespace {

constexpr int64_t kMaxNames = 100'000;

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

// "0000..0123": its numbers, as wide as the first.
std::vector<std::string> expand_range(const std::string& inside, const std::string& pattern) {
  const size_t dots = inside.find("..");
  const std::string first = inside.substr(0, dots), last = inside.substr(dots + 2);
  if (!is_number(first) || !is_number(last) || first.size() > 9 || last.size() > 9)
    fail("{}: expected a range of numbers such as {{0000..0011}}", pattern);
  if (std::stol(last) - std::stol(first) >= kMaxNames)
    fail("{}: expected at most {} names", pattern, kMaxNames);
  std::vector<std::string> names;
  for (long i = std::stol(first); i <= std::stol(last); ++i)
    names.push_back(fmt::format("{:0{}}", i, first.size()));
  return names;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> pieces;
  std::istringstream in(text);
  for (std::string piece; std::getline(in, piece, separator);) pieces.push_back(piece);
  return pieces;
}

bool ends_with_any(std::string name, const std::vector<std::string>& extensions) {
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::any_of(extensions, [&](const auto& end) { return name.ends_with(end); });
}

}  // namespace

std::vector<fs::path> items_of(const fs::path& folder) {
  std::vector<fs::path> items;
  try {
    for (const auto& item : fs::directory_iterator(folder)) {
      if (!is_leftover(item.path().filename().string())) items.push_back(item.path());
    }
  } catch (const fs::filesystem_error& error) {
    fail("{}: {}", folder.string(), error.code().message());
  }
  std::ranges::sort(items);
  return items;
}

std::vector<std::string> expand_braces(const std::string& pattern) {
  for (size_t open = pattern.find('{'); open != std::string::npos;
       open = pattern.find('{', open + 1)) {
    const size_t close = pattern.find('}', open);
    if (close == std::string::npos) break;
    const std::string inside = pattern.substr(open + 1, close - open - 1);
    const bool range = inside.find("..") != std::string::npos;
    if (!range && inside.find(',') == std::string::npos) continue;
    std::vector<std::string> names;
    for (const auto& middle : range ? expand_range(inside, pattern) : split(inside, ',')) {
      for (const auto& rest : expand_braces(pattern.substr(close + 1)))
        names.push_back(pattern.substr(0, open) + middle + rest);
      if (static_cast<int64_t>(names.size()) > kMaxNames)
        fail("{}: expected at most {} names", pattern, kMaxNames);
    }
    return names;
  }
  return {pattern};
}

std::vector<fs::path> find_files(const std::string& pattern,
                                 const std::vector<std::string>& extensions) {
  std::vector<fs::path> files;
  const auto names = expand_braces(pattern);
  for (const auto& name : names) {
    std::error_code error;  // a name too long and a circle of links are no file either
    if (fs::is_directory(name, error)) {
      for (const auto& item : items_of(name)) {
        if (ends_with_any(item.filename().string(), extensions)) files.push_back(item);
      }
    } else if (fs::exists(name, error)) {
      files.emplace_back(name);
    } else {
      fail("{}: no such file or folder{}", name, name == pattern ? "" : ", named by " + pattern);
    }
  }
  if (files.empty()) fail("{}: no files there", pattern);
  return files;
}

std::vector<fs::path> find_files(const SourceConfig& config,
                                 const std::vector<std::string>& extensions) {
  std::vector<fs::path> files;
  std::set<fs::path> seen;
  std::vector<std::string> patterns = config.paths;
  if (!config.path.empty()) patterns.insert(patterns.begin(), config.path);
  if (patterns.empty()) fail("source of format {}: 'path' is missing", config.format);
  for (const auto& pattern : patterns) {
    for (auto& file : find_files(pattern, extensions)) {
      if (seen.insert(file).second) files.push_back(std::move(file));
    }
  }
  return files;
}

fs::path single_file(const SourceConfig& config) {
  if (config.path.empty() || !config.paths.empty())
    fail("source of format {}: expected 'path' with one file or folder", config.format);
  return config.path;
}

bool is_picture_name(const std::string& name) {
  return ends_with_any(name, {".png", ".jpg", ".jpeg", ".webp"});
}

std::vector<std::string> read_lines(const fs::path& path) {
  std::vector<std::string> lines;
  for (const auto& line : split(read_file(path), '\n')) {
    const std::string_view text = trimmed(line);
    if (!text.empty()) lines.emplace_back(text);
  }
  if (lines.empty()) fail("{}: holds no text", path.string());
  return lines;
}

}  // namespace showo
