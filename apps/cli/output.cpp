#include "apps/cli/output.h"

#include <algorithm>

#include "showo/core/error.h"
#include "showo/core/folder.h"

namespace showo::cli {
namespace {

using Wanted = std::function<bool(const std::string& name)>;

// .git and the caches of downloads are no part of a model.
bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

// `above` are the folders on the way to `from`.
void copy_below(const fs::path& from, const fs::path& to, const Wanted& wanted,
                std::vector<fs::path> above) {
  above.push_back(fs::canonical(from));
  if (std::ranges::count(above, above.back()) > 1)
    fail("{}: is a link that leads back to where it was found", from.string());
  copy_files(from, to, wanted);
  for (const auto& item : fs::directory_iterator(from)) {
    if (item.is_directory() && !is_hidden(item))
      copy_below(
          item.path(), to / item.path().filename(), [](const auto&) { return true; }, above);
  }
}

}  // namespace

void OutputFolder::add_force(CLI::App& command) {
  command.add_flag("--force", force, "replace a folder that holds other things than this wrote")
      ->group("output");
}

void OutputFolder::check(const std::vector<fs::path>& read) const {
  for (const auto& folder : read) check_apart(path, folder);
  check_replaceable(path, replace());
}

void OutputFolder::write(const std::function<void(const fs::path&)>& fill) const {
  write_folder_atomically(path, fill, replace());
}

void copy_files(const fs::path& from, const fs::path& to, const Wanted& wanted) {
  if (!fs::is_directory(from)) fail("{}: no such folder", from.string());
  make_folder(to);
  for (const auto& item : fs::directory_iterator(from)) {
    const fs::path name = item.path().filename();
    if (item.is_regular_file() && !is_hidden(item) && wanted(name.string()))
      fs::copy_file(item.path(), to / name);
  }
}

void copy_tree(const fs::path& from, const fs::path& to, const Wanted& wanted) {
  copy_below(from, to, wanted, {});
}

}  // namespace showo::cli
