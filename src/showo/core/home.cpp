#include "showo/home.h"

#include <dlfcn.h>

#include <cstdlib>
#include <vector>

#include "showo/core/error.h"
#include "showo/core/files.h"

namespace showo {
namespace {

// The folder of the program, or of the library that this code was linked into.
fs::path own_folder() {
  Dl_info info;
  std::error_code ignored;
  fs::path file;
  if (::dladdr(reinterpret_cast<const void*>(&shared_path), &info) != 0 && info.dli_fname)
    file = info.dli_fname;
  // A program that was found by PATH is known by its bare name.
  if (!file.has_parent_path()) file = fs::read_symlink("/proc/self/exe", ignored);
  return fs::weakly_canonical(file, ignored).parent_path();
}

}  // namespace

std::string shared_path(const std::string& name) {
  std::vector<fs::path> places;
  if (const char* home = std::getenv("SHOWO_HOME"); home && *home) {
    places = {home};
  } else {
    const fs::path own = own_folder();
    // An installed program (bin) or library (lib), a Python package, a build inside the sources.
    places = {own / "../share/showo", own / "share", own / ".."};
  }
  std::string looked;
  for (const fs::path& place : places) {
    std::error_code ignored;
    const fs::path path = (place / name).lexically_normal();
    if (fs::exists(path, ignored)) return path.string();
    looked += (looked.empty() ? "" : ", ") + path.string();
  }
  fail("{} is not there; looked for {}; SHOWO_HOME names the folder that has it", name, looked);
}

}  // namespace showo
