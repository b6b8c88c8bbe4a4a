#include "showo/benchmarks/csv.h"

#include <string_view>

#include "showo/core/error.h"

namespace showo {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// A field in quotes, which double within; returns the place behind the closing one, or npos.
size_t read_quoted(const std::string& text, size_t at, std::string& field) {
  for (++at; at < text.size(); ++at) {
    if (text[at] != '"') {
      field += text[at];
    } else if (at + 1 < text.size() && text[at + 1] == '"') {
      field += text[at++];
    } else {
      return at + 1;
    }
  }
  return std::string::npos;
}

}  // namespace

std::vector<CsvTable::Row> CsvTable::parse(const std::string& text, const std::string& path) {
  std::vector<Row> rows;
  size_t at = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0, line = 1;
  while (at < text.size()) {
    Row row{line, {}};
    const size_t row_begin = at;
    for (bool more = true; more;) {
      std::string& field = row.fields.emplace_back();
      const size_t begin = at;
      if (at < text.size() && text[at] == '"') at = read_quoted(text, at, field);
      if (at == std::string::npos) fail("{}: line {}: a quote does not end", path, line);
      const size_t end = std::min(text.find_first_of(",\r\n", at), text.size());
      field.append(text, at, end - at);  // also what stands behind a closing quote, as pandas does
      for (size_t i = begin; i < end; ++i) line += text[i] == '\n';
      more = end < text.size() && text[end] == ',';
      at = end + more;
    }
    const bool blank = at == row_begin;
    if (at < text.size() && text[at] == '\r') ++at;
    if (at < text.size() && text[at] == '\n') ++at;
    ++line;
    if (!blank) rows.push_back(std::move(row));
  }
  return rows;
}

CsvTable::CsvTable(const fs::path& path) : path_(path.string()) {
  rows_ = parse(read_file(path), path_);
  if (rows_.empty()) fail("{}: expected a row of names", path_);
  const std::vector<std::string> names = rows_[0].fields;
  for (size_t i = 0; i < names.size(); ++i)
    if (!columns_.emplace(names[i], i).second)
      fail("{}: column '{}' stands twice", path_, names[i]);
  rows_.erase(rows_.begin());
  for (size_t row = 0; row < rows_.size(); ++row)
    if (rows_[row].fields.size() != names.size())
      fail("{}: expected {} fields, found {}", where(row), names.size(), rows_[row].fields.size());
}

const std::string& CsvTable::at(size_t row, const std::string& column) const {
  const auto found = columns_.find(column);
  if (found == columns_.end()) fail("{}: column '{}' is missing", path_, column);
  return rows_[row].fields[found->second];
}

std::string CsvTable::where(size_t row) const {
  return fmt::format("{}: line {}", path_, rows_[row].line);
}

}  // namespace showo
