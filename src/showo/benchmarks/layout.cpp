#include "showo/benchmarks/layout.h"

#include <algorithm>
#include <set>

#include "showo/core/error.h"

namespace showo {

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

fs::path folder_at(const fs::path& path) { return is_file(path) ? path.parent_path() : path; }

fs::path picture_path(const fs::path& data, const std::vector<std::string>& folders,
                      const std::string& name) {
  for (const std::string& folder : folders)
    if (const fs::path path = data / folder / name; is_file(path)) return path;
  return data / folders[0] / name;
}

void require_pictures(const std::vector<BenchmarkQuestion>& questions) {
  std::set<fs::path> missing;
  fs::path first;
  for (const BenchmarkQuestion& question : questions) {
    for (const fs::path& picture : question.pictures) {
      if (missing.contains(picture) || is_file(picture)) continue;
      if (missing.empty()) first = picture;
      missing.insert(picture);
    }
  }
  if (!missing.empty())
    fail("{}: no such picture; {} of the benchmark's pictures are missing", first.string(),
         missing.size());
}

fs::path file_in(const fs::path& path, const std::string& usual, const std::string& ending) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return path;
  if (!usual.empty() && is_file(path / usual)) return path / usual;
  if (is_file(path / ending)) return path / ending;
  std::vector<fs::path> found;
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error))
    if (at->path().filename().string().ends_with(ending) && is_file(at->path()))
      found.push_back(at->path());
  if (error) fail("{}: {}", path.string(), error.message());
  if (found.empty()) fail("{}: expected a file '…{}'", path.string(), ending);
  std::sort(found.begin(), found.end());
  if (found.size() > 1)
    fail("{}: {} files '…{}', such as '{}' and '{}': name one", path.string(), found.size(), ending,
         found[0].filename().string(), found[1].filename().string());
  return found[0];
}

void require_answers(const std::vector<std::string>& answers, size_t questions) {
  if (answers.size() != questions)
    fail("predictions: expected an answer to each of {} questions, found {}", questions,
         answers.size());
}

}  // namespace showo
