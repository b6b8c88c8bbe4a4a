// Text in Parquet files (RefinedWeb's column 'content'), a row group a part, read in small batches
// so that memory does not grow with the group; and rows with pictures, as Hugging Face keeps them.
// An optional feature: cmake/ShowoParquet.cmake says where the library comes from.
#pragma once

#include <functional>
#include <map>

#include "showo/data/source.h"

namespace showo {

/// Throws Error when built without Parquet.
std::unique_ptr<data::Source> open_parquet(const SourceConfig& config);

/// What a Parquet file says of itself at its end.
struct ParquetSummary {
  int64_t rows;
  int row_groups;
  std::vector<std::string> columns;
};
/// Throws Error when built without Parquet.
ParquetSummary summary_of_parquet(const fs::path& path);

/// A row by its columns' names: texts, and the files of pictures (a column that is a struct with
/// `bytes`). Columns that are null there, or of other types, are left out.
struct ParquetRow {
  std::map<std::string, std::string> texts, pictures;
};
/// Calls `each` for every row in order. Throws Error naming the file that is damaged, and when
/// built without Parquet.
void for_each_parquet_row(const fs::path& path,
                          const std::function<void(const ParquetRow& row)>& each);

}  // namespace showo
