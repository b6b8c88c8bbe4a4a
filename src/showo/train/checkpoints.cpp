#include "showo/train/checkpoints.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>

#include "showo/core/error.h"
#include "showo/core/folder.h"

namespace showo {
namespace {

const std::string kFolder = "checkpoints", kNewest = "checkpoint", kBest = "best";

std::string name_of(int64_t step) { return fmt::format("step-{:07}", step); }

// The step of a name that is exactly as name_of writes it.
std::optional<int64_t> step_of(const std::string& name) {
  const size_t digits = name.find_first_of("0123456789");
  int64_t step = 0;
  if (digits == std::string::npos) return std::nullopt;
  std::from_chars(name.data() + digits, name.data() + name.size(), step);
  return name == name_of(step) ? std::optional(step) : std::nullopt;
}

// step-NNNNNNN.<unique>.tmp, or .tmp.old: what a killed run left of a checkpoint.
bool is_half_written(const std::string& name) {
  const size_t dot = name.find('.');
  return dot != std::string::npos && step_of(name.substr(0, dot)) &&
         (name.ends_with(".tmp") || name.ends_with(".tmp.old"));
}

bool is_whole(const fs::path& checkpoint) {
  std::error_code error;
  return fs::exists(checkpoint / "state.json", error);
}

}  // namespace

Checkpoints::Checkpoints(fs::path run) : run_(std::move(run)) {
  named_by(kNewest);
  named_by(kBest);
}

// Relative to the run's folder.
std::optional<fs::path> Checkpoints::named_by(const std::string& pointer) const {
  const fs::path path = run_ / pointer;
  std::error_code error;
  const auto status = fs::symlink_status(path, error);
  if (!fs::exists(status)) return std::nullopt;
  if (fs::is_symlink(status)) return fs::read_symlink(path);
  if (fs::is_regular_file(status)) {
    std::string text = read_file(path, 4096);
    if (text.ends_with('\n')) text.pop_back();
    const fs::path target = text;
    if (target.parent_path() == kFolder && step_of(target.filename().string())) return target;
  }
  fail("{}: is no link to one of {} and holds no name of one; choose another folder or remove it",
       path.string(), (run_ / kFolder).string());
}

std::optional<fs::path> Checkpoints::newest() const {
  const auto target = named_by(kNewest);
  if (target && is_whole(run_ / *target)) return run_ / *target;
  const std::string what = fmt::format(
      "{}: {}", (run_ / kNewest).string(),
      target ? "names " + target->string() + ", which is no whole checkpoint" : "is missing");
  std::vector<int64_t> whole = steps();
  std::erase_if(whole, [&](int64_t step) { return !is_whole(run_ / kFolder / name_of(step)); });
  if (whole.empty()) {
    if (!target) return std::nullopt;
    fail("{}, and {} holds no other; remove it to begin anew", what, (run_ / kFolder).string());
  }
  const fs::path found = run_ / kFolder / name_of(std::ranges::max(whole));
  spdlog::warn("{}; {} is taken", what, found.string());
  return found;
}

std::optional<fs::path> Checkpoints::best() const {
  const auto target = named_by(kBest);
  return target ? std::optional(run_ / *target) : std::nullopt;
}

std::vector<int64_t> Checkpoints::steps() const {
  std::error_code error;
  std::vector<int64_t> found;
  for (const auto& item : fs::directory_iterator(run_ / kFolder, error)) {
    const auto step = step_of(item.path().filename().string());
    if (step && fs::is_directory(item.symlink_status(error))) found.push_back(*step);
  }
  return found;
}

void Checkpoints::save(int64_t step, int64_t keep,
                       const std::function<void(const fs::path&)>& fill) {
  const fs::path name = fs::path(kFolder) / name_of(step);
  write_folder_atomically(run_ / name, fill, Replace::kAnything);  // the name says whose it is
  point(kNewest, name);
  prune(step, keep);
}

void Checkpoints::mark_best() const {
  if (const auto newest = named_by(kNewest)) point(kBest, *newest);
}

// A link made beside it takes the old one's place in one step.
void Checkpoints::point(const std::string& pointer, const fs::path& target) const {
  const fs::path path = run_ / pointer, fresh = run_ / ("." + pointer + ".new");
  std::error_code error;
  fs::remove(fresh, error);
  fs::create_directory_symlink(target, fresh, error);
  if (error) {  // FAT, and some network and container mounts
    spdlog::debug("{}: {}: a file that holds the name instead", path.string(), error.message());
    return write_file_atomically(path, target.string() + "\n");
  }
  fs::rename(fresh, path, error);
  if (error) fail("{}: {}", path.string(), error.message());
}

// Steps beyond this one belong to a run that went back: they stay until it comes to them again.
void Checkpoints::prune(int64_t step, int64_t keep) const {
  std::error_code error;
  const auto best = named_by(kBest);
  std::vector<int64_t> older = steps();
  std::erase_if(older, [&](int64_t other) {
    return other >= step || (best && best->filename() == name_of(other));
  });
  std::ranges::sort(older, std::greater<>());
  for (size_t i = std::max<int64_t>(keep, 1) - 1; i < older.size(); ++i)
    remove_tree(run_ / kFolder / name_of(older[i]));
  for (const auto& item : fs::directory_iterator(run_ / kFolder, error)) {
    if (is_half_written(item.path().filename().string())) remove_tree(item.path());
  }
}

}  // namespace showo
