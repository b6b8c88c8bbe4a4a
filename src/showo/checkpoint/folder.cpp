#include <fcntl.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "showo/checkpoint/load.h"
#include "showo/core/error.h"

namespace showo {
namespace {

// Both names stay valid at every moment when the file system can exchange them; else the old folder
// is moved away first.
void put_in_place(const fs::path& temporary, const fs::path& folder) {
  if (!fs::exists(folder)) return fs::rename(temporary, folder);
  if (::syscall(SYS_renameat2, AT_FDCWD, temporary.c_str(), AT_FDCWD, folder.c_str(),
                RENAME_EXCHANGE) == 0) {
    fs::remove_all(temporary);
    return;
  }
  const fs::path old = temporary.string() + ".old";
  fs::rename(folder, old);
  try {
    fs::rename(temporary, folder);
  } catch (...) {
    fs::rename(old, folder);
    throw;
  }
  fs::remove_all(old);
}

}  // namespace

void write_folder_atomically(const fs::path& folder,
                             const std::function<void(const fs::path&)>& fill) {
  if (folder.empty()) fail("expected a folder to write, found an empty name");
  fs::path target = fs::absolute(folder).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();
  std::error_code ignored;
  if (fs::exists(target, ignored) && !fs::is_directory(target, ignored))
    fail("{}: expected a folder, found a file", folder.string());
  make_folder(target.parent_path());
  const fs::path temporary = target.string() + fmt::format(".{}.tmp", ::getpid());
  fs::remove_all(temporary, ignored);
  try {
    make_folder(temporary);
    fill(temporary);
    put_in_place(temporary, target);
  } catch (const fs::filesystem_error& error) {
    fs::remove_all(temporary, ignored);
    fail("{}: {}", folder.string(), error.code().message());
  } catch (...) {
    fs::remove_all(temporary, ignored);
    throw;
  }
}

}  // namespace showo
