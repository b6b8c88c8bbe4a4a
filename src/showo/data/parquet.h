// Text in Parquet files (RefinedWeb's column 'content'), a row group a part, read in small batches
// so that memory does not grow with the group. An optional feature: cmake/ShowoParquet.cmake says
// where the library comes from.
#pragma once

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

}  // namespace showo
