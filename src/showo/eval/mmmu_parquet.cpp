#include "showo/eval/mmmu_parquet.h"

#include <algorithm>

#include "showo/benchmarks/entries.h"
#include "showo/benchmarks/layout.h"
#include "showo/benchmarks/mmmu_questions.h"
#include "showo/data/parquet.h"

namespace showo {
namespace {

constexpr const char* kRows = "validation.jsonl";

std::vector<fs::path> parquet_files(const fs::path& data) {
  std::vector<fs::path> folders = {data}, files;
  for (const auto& subject : kMmmuSubjects) folders.push_back(data / subject.name);
  for (const fs::path& folder : folders) {
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
      if (at->path().filename().string().starts_with("validation") &&
          at->path().extension() == ".parquet")
        files.push_back(at->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string unpack_row(const ParquetRow& row, const fs::path& file, const fs::path& pictures) {
  Json line = Json::object();
  for (const char* column : {"id", "question", "options", "answer", "question_type"}) {
    const auto found = row.texts.find(column);
    if (found == row.texts.end())
      fail("{}: column '{}' is missing or empty", file.string(), column);
    line[column] = found->second;
  }
  const std::string& id = row.texts.at("id");
  if (id.find('/') != std::string::npos) fail("{}: id '{}': expected no '/'", file.string(), id);
  for (const auto& [column, bytes] : row.pictures)
    if (column.starts_with("image_"))
      write_file_atomically(pictures / (id + column.substr(5) + ".png"), bytes);
  return json_text(line) + "\n";
}

}  // namespace

bool holds_mmmu_parquet(const fs::path& data) {
  return fs::is_directory(data) && !is_file(data / kRows) && !parquet_files(data).empty();
}

void unpack_mmmu(const fs::path& data, const fs::path& out) {
  if (is_file(out / kRows)) return;
  make_folder(out / "images");
  std::string rows;
  for (const fs::path& file : parquet_files(data))
    for_each_parquet_row(
        file, [&](const ParquetRow& row) { rows += unpack_row(row, file, out / "images"); });
  write_file_atomically(out / kRows, rows);
}

}  // namespace showo
