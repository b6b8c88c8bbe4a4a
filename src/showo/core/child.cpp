#include "showo/core/child.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "showo/core/error.h"

namespace showo {
namespace {

constexpr int kNotStarted = 127;  // as a shell has it

int open_for_child(const fs::path& path, int flags) {
  const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC | flags, 0666);
  if (file < 0) fail("{}: {}", path.string(), std::strerror(errno));
  return file;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& more) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry; ++entry) {
    const std::string text = *entry;
    if (!more.contains(text.substr(0, text.find('=')))) result.push_back(text);
  }
  for (const auto& [name, value] : more) result.push_back(fmt::format("{}={}", name, value));
  return result;
}

// Between fork and exec only calls that are safe in a process of several threads.
[[noreturn]] void become(char* const* arguments, char* const* environment, int in, int out, int log,
                         pid_t parent) {
  ::setpgid(0, 0);
#ifdef __linux__
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  if (::getppid() != parent) ::_exit(kNotStarted);  // it ended before it could be watched
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execve(arguments[0], arguments, environment);
  ::_exit(kNotStarted);
}

}  // namespace

fs::path own_program() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) fail("/proc/self/exe: {}", error.message());
  return program;
}

Child::Child(const ChildCommand& command) {
  if (::access(command.program.c_str(), X_OK) != 0)
    fail("{}: {}", command.program.string(), std::strerror(errno));
  std::vector<std::string> arguments = {command.program.string()};
  arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
  std::vector<std::string> environment = environment_with(command.environment);
  const auto argv = pointers(arguments), envp = pointers(environment);
  const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int out = open_for_child(command.out, O_TRUNC);
  const int log = open_for_child(command.log, O_APPEND);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(argv.data(), envp.data(), in, out, log, parent);
  const int problem = errno;
  for (const int file : {in, out, log}) ::close(file);
  if (pid_ < 0) fail("{}: {}", command.program.string(), std::strerror(problem));
}

Child::~Child() {
  if (pid_ < 0 || ended()) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), status_(other.status_) {}

std::optional<int> Child::ended() {
  int status = 0;
  if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_)
    status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return status_;
}

void Child::stop() {
  if (!ended()) ::kill(pid_, SIGTERM);
}

}  // namespace showo
