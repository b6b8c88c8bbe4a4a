#include "showo/core/folder.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>
#include <sstream>
#include <vector>

#include "showo/core/error.h"
#include "showo/core/signals.h"

namespace showo {
namespace {

constexpr const char* kList = ".showo-files";

// Follows links and forgets '..', as far as the path exists.
fs::path resolved(const fs::path& path) {
  std::error_code error;
  fs::path whole = fs::absolute(path, error);
  if (!error) whole = fs::weakly_canonical(whole, error).lexically_normal();
  if (error) fail("{}: {}", path.string(), error.message());
  return whole.has_filename() ? whole : whole.parent_path();
}

void write_list(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& item : fs::recursive_directory_iterator(folder))
    names.insert(item.path().lexically_relative(folder).string());
  std::string text =
      "# The folder is replaced as long as it holds nothing else and nothing newer.\n";
  for (const auto& name : names) text += name + "\n";
  write_file_atomically(folder / kList, text);
}

bool is_folder(const fs::directory_entry& item) {
  return item.is_directory() && !item.is_symlink();
}

// What the list names and nobody has changed since.
class OwnFiles {
 public:
  explicit OwnFiles(const fs::path& folder)
      : folder_(folder), written_(fs::last_write_time(folder / kList)) {
    std::istringstream lines(read_file(folder / kList));
    for (std::string line; std::getline(lines, line);) names_.insert(line);
  }
  bool has(const fs::directory_entry& item) const {
    return names_.contains(item.path().lexically_relative(folder_).string()) &&
           (is_folder(item) || fs::last_write_time(item.path()) <= written_);
  }

 private:
  fs::path folder_;
  fs::file_time_type written_;
  std::set<std::string> names_;
};

// The first thing in `folder` that is not this program's own: that no list names, of this folder or
// of those above it, as folders are also written into one another.
std::optional<fs::path> foreign(const fs::path& folder, std::vector<OwnFiles> lists = {}) {
  const bool listed = fs::is_regular_file(fs::symlink_status(folder / kList));
  if (listed) lists.emplace_back(folder);
  for (const auto& item : fs::directory_iterator(folder)) {
    if (listed && item.path().filename() == kList) continue;
    if (std::ranges::none_of(lists, [&](const auto& list) { return list.has(item); }))
      return item.path();
    if (!is_folder(item)) continue;
    if (auto found = foreign(item.path(), lists)) return found;
  }
  return {};
}

// Both names stay valid at every moment when the file system can exchange them; else the old folder
// is moved away first. What was replaced then has the temporary name.
void put_in_place(const fs::path& temporary, const fs::path& folder) {
  if (!fs::exists(folder)) return fs::rename(temporary, folder);
  if (::syscall(SYS_renameat2, AT_FDCWD, temporary.c_str(), AT_FDCWD, folder.c_str(),
                RENAME_EXCHANGE) == 0)
    return;
  const fs::path old = temporary.string() + ".old";
  fs::rename(folder, old);
  try {
    fs::rename(temporary, folder);
  } catch (...) {
    fs::rename(old, folder);
    throw;
  }
  fs::rename(old, temporary);
}

// What was copied is not on the disk yet.
void sync_files(const fs::path& folder) {
  for (const auto& item : fs::recursive_directory_iterator(folder)) {
    if (item.is_directory()) sync_folder(item.path());
    if (!item.is_regular_file()) continue;
    const int fd = ::open(item.path().c_str(), O_RDONLY | O_CLOEXEC);
    const int error = fd >= 0 && ::fsync(fd) == 0 ? 0 : errno;
    if (fd >= 0) ::close(fd);
    if (error)
      throw fs::filesystem_error("", item.path(), std::error_code(error, std::generic_category()));
  }
  sync_folder(folder);
}

// `inner` or one of the folders above it is `outer`.
bool lies_in(const fs::path& inner, const fs::path& outer) {
  std::error_code ignored;
  for (fs::path at = inner;; at = at.parent_path()) {
    if (at == outer || fs::equivalent(at, outer, ignored)) return true;
    if (at == at.parent_path()) return false;
  }
}

}  // namespace

void check_replaceable(const fs::path& folder, Replace replace) {
  if (folder.empty()) fail("expected a folder to write, found an empty name");
  const fs::path target = resolved(folder);
  std::error_code ignored;
  if (!fs::exists(target, ignored)) return;
  if (!fs::is_directory(target, ignored))
    fail("{}: expected a folder, found a file", folder.string());
  if (replace == Replace::kAnything) return;
  std::optional<fs::path> found;
  try {
    found = foreign(target);
  } catch (const fs::filesystem_error& error) {
    fail("{}: {}", folder.string(), error.code().message());
  }
  if (found) {
    fail(
        "{}: holds '{}', which this program did not write or which was changed since; choose "
        "another folder, or force it to replace all of it",
        folder.string(), found->lexically_relative(target).string());
  }
}

void remove_tree(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(fs::symlink_status(path, error))) {
    std::vector<fs::path> items;
    for (fs::directory_iterator item(path, error), end; !error && item != end;
         item.increment(error))
      items.push_back(item->path());
    for (const auto& item : items) remove_tree(item);
  }
  fs::remove(path, error);
}

void check_apart(const fs::path& written, const fs::path& read) {
  const fs::path to = resolved(written), from = resolved(read);
  if (lies_in(to, from) || lies_in(from, to)) {
    throw UsageError(
        fmt::format("{}: expected a folder apart from what is read, {}; one lies in the other",
                    written.string(), read.string()));
  }
}

void write_folder_atomically(const fs::path& folder,
                             const std::function<void(const fs::path&)>& fill, Replace replace) {
  check_replaceable(folder, replace);
  const fs::path target = resolved(folder), temporary = temporary_name(target);
  make_folder(target.parent_path());
  Unfinished unfinished(temporary);
  try {
    make_folder(temporary);
    fill(temporary);
    write_list(temporary);
    sync_files(temporary);
    check_replaceable(folder, replace);  // what was added since
    unfinished.undisturbed([&] { put_in_place(temporary, target); });
    sync_folder(target.parent_path());
    remove_tree(temporary);
  } catch (const fs::filesystem_error& error) {
    remove_tree(temporary);
    fail("{}: {}", folder.string(), error.code().message());
  } catch (...) {
    remove_tree(temporary);
    throw;
  }
}

}  // namespace showo
