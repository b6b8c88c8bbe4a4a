// LibTorch's oneMKL ends the program, with a message that misleads, when it is loaded in a folder
// that was removed. That is before main and before any initialiser of a library, so the check
// stands where the loader calls the program itself first.
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <string_view>

#ifdef __linux__
namespace {

void check_current_folder() {
  char path[PATH_MAX];
  if (::getcwd(path, sizeof path) || errno != ENOENT) return;
  constexpr std::string_view kMessage = "showo: the current folder was removed: cd to another\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kMessage.data(), kMessage.size());
  ::_exit(1);
}

[[gnu::section(".preinit_array"),
  gnu::used]] void (*const kBeforeLibraries)() = check_current_folder;

}  // namespace
#endif
