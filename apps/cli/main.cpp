// The program: flags that every subcommand shares, and errors as one line with an exit code (2
// usage, 1 failure).
#include <ATen/Parallel.h>

#include <cstdio>

#include "apps/cli/command.h"
#include "showo/core/error.h"
#include "showo/core/log.h"

namespace {

int run(int argc, char** argv) {
  CLI::App app{
      "Show-o: one transformer that answers questions about pictures and makes pictures from text"};
  app.name("showo");
  app.set_version_flag("--version", SHOWO_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  int threads = 0;
  app.add_option("--threads", threads, "CPU threads; 0: all cores")->check(CLI::Range(0, 1024));
  app.parse_complete_callback([&] {
    if (threads > 0) at::set_num_threads(threads);
  });
  using namespace showo::cli;
  for (auto* add : {add_generate, add_ask, add_caption, add_inpaint, add_extend, add_reconstruct,
                    add_train, add_train_codec, add_data, add_check, add_info, add_eval,
                    add_train_recogniser, add_convert}) {
    add(app);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return app.exit(version);
  } catch (const CLI::RequiredError& error) {
    const bool unknown = app.get_subcommands().empty() && argc > 1 && argv[argc - 1][0] != '-';
    const std::string what =
        unknown ? fmt::format("unknown command '{}'; see showo --help", argv[1]) : error.what();
    std::fprintf(stderr, "showo: %s\n", what.c_str());
    return 2;
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "showo: %s\n", error.what());
    return 2;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  showo::start_logging();
  try {
    return run(argc, argv);
  } catch (const showo::UsageError& error) {
    std::fprintf(stderr, "showo: %s\n", error.what());
    return 2;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "showo: out of memory\n");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "showo: %s\n", error.what());
  }
  return 1;
}
