// Tables as CSV (RFC 4180) with the columns' names in the first row, as pandas and spreadsheets
// write them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "showo/core/files.h"

namespace showo {

class CsvTable {
 public:
  /// Throws Error naming the file and line of a row with more or fewer fields than the first, of a
  /// quote that does not end, and of a column's name that stands twice.
  explicit CsvTable(const fs::path& path);
  /// Below the names.
  size_t rows() const { return rows_.size(); }
  bool has(const std::string& column) const { return columns_.contains(column); }
  /// Throws Error naming the column when there is none.
  const std::string& at(size_t row, const std::string& column) const;
  /// "captions.csv: line 3", of the row's beginning.
  std::string where(size_t row) const;

 private:
  struct Row {
    size_t line;
    std::vector<std::string> fields;
  };
  static std::vector<Row> parse(const std::string& text, const std::string& path);
  std::string path_;
  std::map<std::string, size_t> columns_;
  std::vector<Row> rows_;
};

}  // namespace showo
