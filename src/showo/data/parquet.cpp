#include "showo/data/parquet.h"

#include <numeric>

#include "showo/core/utf8.h"
#include "showo/data/clean.h"
#include "showo/data/find.h"

#ifdef SHOWO_PARQUET
#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>

namespace showo {
namespace {

constexpr int64_t kBatch = 256;  // rows decoded at a time
constexpr int64_t kPictureBatch = 8;
// Of pages and rows together: a page says itself what it has uncompressed, and one long text of a
// dictionary can stand in every row.
constexpr int64_t kMaxMemory = int64_t{1} << 30;

void check(const arrow::Status& status, const std::string& where) {
  if (!status.ok()) fail("{}: {}", where, status.message());
}

template <class T>
T value(arrow::Result<T> result, const std::string& where) {
  check(result.status(), where);
  return std::move(result).ValueUnsafe();
}

std::unique_ptr<parquet::arrow::FileReader> open_file(const fs::path& path, arrow::MemoryPool* pool,
                                                      int64_t batch = kBatch) {
  parquet::arrow::FileReaderBuilder builder;
  parquet::ReaderProperties properties(pool);
  properties.enable_buffered_stream();  // a column's pages one by one, not the whole chunk
  check(builder.OpenFile(path.string(), /*memory_map=*/false, properties), path.string());
  parquet::ArrowReaderProperties reading;
  reading.set_batch_size(batch);
  reading.set_pre_buffer(false);
  builder.properties(reading)->memory_pool(pool);
  return value(builder.Build(), path.string());
}

// Every way in which Arrow's writers store text. Bytes are text where they are UTF-8.
bool is_text(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::BINARY_VIEW:
      return true;
    case arrow::Type::DICTIONARY:
      return is_text(*static_cast<const arrow::DictionaryType&>(type).value_type());
    default:
      return false;
  }
}

// Nothing where the row is null.
std::optional<std::string_view> text_at(const arrow::Array& column, int64_t row) {
  if (column.IsNull(row)) return std::nullopt;
  switch (column.type_id()) {
    case arrow::Type::DICTIONARY: {
      const auto& coded = static_cast<const arrow::DictionaryArray&>(column);
      return text_at(*coded.dictionary(), coded.GetValueIndex(row));
    }
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return static_cast<const arrow::LargeBinaryArray&>(column).GetView(row);
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW:
      return static_cast<const arrow::BinaryViewArray&>(column).GetView(row);
    default:
      return static_cast<const arrow::BinaryArray&>(column).GetView(row);
  }
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

class RowGroup : public data::PartReader {
 public:
  RowGroup(const fs::path& path, int group, const std::string& column)
      : name_(fmt::format("{}: row group {}", path.string(), group)),
        file_(open_file(path, &pool_)) {
    const auto* schema = file_->parquet_reader()->metadata()->schema();
    const int index = schema->ColumnIndex(column);
    if (index < 0)
      fail("{}: no column '{}'; its columns: {}", path.string(), column, columns(*schema));
    batches_ = value(file_->GetRecordBatchReader({group}, {index}), name_);
    const auto type = batches_->schema()->field(0)->type();
    if (!is_text(*type))
      fail("{}: column '{}' holds {}, expected text", path.string(), column, type->ToString());
  }

  std::optional<Sample> next() override {
    while (!batch_ || row_ == batch_->num_rows()) {
      check(batches_->ReadNext(&batch_), name_);
      if (!batch_) return std::nullopt;
      row_ = 0;
    }
    Sample sample;
    sample.origin = name_;
    sample.key = fmt::format("row {}", rows_++);
    const auto& column = *batch_->column(0);
    const auto text = text_at(column, row_++);
    if (!text || trimmed(*text).empty()) fail_sample("{}: {}: no text", name_, sample.key);
    if (!is_utf8(*text)) fail_sample("{}: {}: no text in UTF-8", name_, sample.key);
    sample.caption = *text;
    return sample;
  }

 private:
  static std::string columns(const parquet::SchemaDescriptor& schema) {
    std::string names;
    for (int i = 0; i < schema.num_columns(); ++i)
      names += (i ? ", " : "") + schema.Column(i)->path()->ToDotString();
    return names;
  }
  std::string name_;
  arrow::CappedMemoryPool pool_{arrow::default_memory_pool(), kMaxMemory};  // outlives the file
  std::unique_ptr<parquet::arrow::FileReader> file_;                        // outlives its batches
  std::unique_ptr<arrow::RecordBatchReader> batches_;
  std::shared_ptr<arrow::RecordBatch> batch_;
  int64_t row_ = 0, rows_ = 0;
};

class ParquetFiles : public data::Source {
 public:
  explicit ParquetFiles(const SourceConfig& config)
      : files_(find_files(config, {".parquet"})),
        column_(config.column.empty() ? "content" : config.column) {
    for (size_t file = 0; file < files_.size(); ++file) {
      const int groups = open_file(files_[file], arrow::default_memory_pool())->num_row_groups();
      for (int group = 0; group < groups; ++group) groups_.push_back({file, group});
    }
  }
  int64_t parts() const override { return static_cast<int64_t>(groups_.size()); }
  std::unique_ptr<data::PartReader> open(int64_t part, uint64_t) override {
    const auto& [file, group] = groups_[part];
    return std::make_unique<RowGroup>(files_[file], group, column_);
  }

 private:
  std::vector<fs::path> files_;
  std::string column_;
  std::vector<std::pair<size_t, int>> groups_;
};

// The file of a picture that a struct holds.
std::optional<std::string_view> picture_at(const arrow::Array& column, int64_t row) {
  if (column.IsNull(row)) return std::nullopt;
  const auto bytes = static_cast<const arrow::StructArray&>(column).GetFieldByName("bytes");
  return bytes && is_text(*bytes->type()) ? text_at(*bytes, row) : std::nullopt;
}

ParquetRow row_of(const arrow::RecordBatch& batch, int64_t row) {
  ParquetRow result;
  for (int i = 0; i < batch.num_columns(); ++i) {
    const auto& column = *batch.column(i);
    const bool is_struct = column.type_id() == arrow::Type::STRUCT;
    if (!is_struct && !is_text(*column.type())) continue;
    const auto found = is_struct ? picture_at(column, row) : text_at(column, row);
    if (found) (is_struct ? result.pictures : result.texts)[batch.column_name(i)] = *found;
  }
  return result;
}

}  // namespace

void for_each_parquet_row(const fs::path& path,
                          const std::function<void(const ParquetRow& row)>& each) {
  arrow::CappedMemoryPool pool(arrow::default_memory_pool(), kMaxMemory);
  const auto file = open_file(path, &pool, kPictureBatch);
  std::vector<int> groups(static_cast<size_t>(file->num_row_groups()));
  std::iota(groups.begin(), groups.end(), 0);
  const auto batches = value(file->GetRecordBatchReader(groups), path.string());
  for (std::shared_ptr<arrow::RecordBatch> batch;;) {
    check(batches->ReadNext(&batch), path.string());
    if (!batch) return;
    for (int64_t row = 0; row < batch->num_rows(); ++row) each(row_of(*batch, row));
  }
}

std::unique_ptr<data::Source> open_parquet(const SourceConfig& config) {
  return std::make_unique<ParquetFiles>(config);
}

ParquetSummary summary_of_parquet(const fs::path& path) {
  const auto file = open_file(path, arrow::default_memory_pool());
  const auto metadata = file->parquet_reader()->metadata();
  ParquetSummary summary{metadata->num_rows(), metadata->num_row_groups(), {}};
  for (int i = 0; i < metadata->schema()->num_columns(); ++i)
    summary.columns.push_back(metadata->schema()->Column(i)->path()->ToDotString());
  return summary;
}

}  // namespace showo
#else
namespace showo {
namespace {

[[noreturn]] void fail_without_parquet(const std::string& what) {
  fail(
      "{}: this program was built without Parquet: configure with -DSHOWO_PARQUET=ON and a "
      "TORCH_PYTHON that has pyarrow",
      what);
}

}  // namespace

std::unique_ptr<data::Source> open_parquet(const SourceConfig& config) {
  fail_without_parquet(config.title());
}

ParquetSummary summary_of_parquet(const fs::path& path) { fail_without_parquet(path.string()); }

void for_each_parquet_row(const fs::path& path, const std::function<void(const ParquetRow&)>&) {
  fail_without_parquet(path.string());
}

}  // namespace showo
#endif
