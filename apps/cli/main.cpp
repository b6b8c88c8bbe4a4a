// The program: flags that every subcommand shares, and errors as one line with an exit code (2
// usage, 1 failure).
#include <ATen/Parallel.h>
#include <c10/util/Exception.h>
#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "apps/cli/arguments.h"
#include "apps/cli/command.h"
#include "apps/cli/flags.h"
#include "showo/core/cpus.h"
#include "showo/core/error.h"
#include "showo/core/log.h"
#include "showo/core/memory.h"
#include "showo/core/option_error.h"
#include "showo/core/signals.h"

namespace {

int complain(int code, const std::string& what) {
  std::fprintf(stderr, "showo: %s\n", showo::one_line(what).c_str());
  return code;
}

// A file opened while a standard stream is closed would take its place and its text.
void open_standard_streams() {
  for (int stream = 0; stream <= 2; ++stream) {
    if (::fcntl(stream, F_GETFD) < 0) ::open("/dev/null", O_RDWR);
  }
}

// OpenMP counts the cores: under a container's quota, threads above it would only wait for each
// other.
void keep_to_quota() {
  if (std::getenv("OMP_NUM_THREADS")) return;
  const auto quota = showo::cpu_quota();
  if (quota && *quota < at::get_num_threads()) at::set_num_threads(*quota);
}

int run(int argc, char** argv) {
  CLI::App app{
      "Show-o: one transformer that answers questions about pictures and makes pictures from text"};
  app.name("showo");
  app.set_version_flag("--version", SHOWO_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  int threads = 0;
  app.add_option("--threads", threads, "CPU threads; 0: all cores, or a container's share of them")
      ->transform(showo::cli::number_in<int>("--threads", showo::between(0, 1024)));
  app.parse_complete_callback([&] {
    if (threads > 0)
      at::set_num_threads(threads);
    else
      keep_to_quota();
  });
  using namespace showo::cli;
  for (auto* add :
       {add_generate, add_ask, add_caption, add_complete, add_inpaint, add_extend, add_edit,
        add_reconstruct, add_story, add_trainers, add_data, add_check, add_info, add_eval,
        add_train_recogniser, add_convert, add_quantize, add_bench, add_plot, add_ablate,
        add_serve}) {
    add(app);
  }
  try {
    parse_as_typed(app, argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return app.exit(version);
  } catch (const CLI::RuntimeError& end) {
    return end.get_exit_code();
  } catch (const CLI::RequiredError& error) {
    const bool unknown = app.get_subcommands().empty() && argc > 1 && argv[argc - 1][0] != '-';
    const std::string what =
        unknown ? fmt::format("unknown command '{}'; see showo --help", argv[1]) : error.what();
    return complain(2, what);
  } catch (const CLI::ParseError& error) {
    return complain(2, without_marks(error.what()));
  }
  if (std::fflush(stdout) != 0) showo::fail("standard output: {}", std::strerror(errno));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_streams();
  showo::watch_signals();
  showo::start_logging();
  showo::keep_freed_memory();
  try {
    return run(argc, argv);
  } catch (const showo::OptionError& error) {
    const std::string problem = error.what();
    return complain(2,
                    showo::cli::flag_name(error.option()) + problem.substr(error.option().size()));
  } catch (const showo::UsageError& error) {
    return complain(2, error.what());
  } catch (const std::bad_alloc&) {
    return complain(1, "out of memory");
  } catch (const c10::Error& error) {
    return complain(1, error.what_without_backtrace());
  } catch (const std::exception& error) {
    return complain(1, error.what());
  }
}
