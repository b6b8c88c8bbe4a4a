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
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
  const auto* here = reinterpret_cast<const void*>(&shared_path);
  if (::dladdr(here, &info) == 0 || !info.dli_fname) return program.parent_path();
  // A program's own name may be relative to where it was started.
  const fs::path file = fs::weakly_canonical(info.dli_fname, ignored);
  return fs::is_regular_file(file, ignored) && file.extension() != "" ? file.parent_path()
                                                                      : program.parent_path();
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
