// showo serve: the server.
#include <cstdio>

#include "apps/cli/command.h"
#include "apps/cli/flags.h"
#include "apps/cli/session.h"
#include "apps/server/server.h"
#include "showo/core/signals.h"

namespace showo::cli {
namespace {

struct ServeFlags {
  ModelFlags model;
  server::Options options;
};

void serve(const ServeFlags& f) {
  const StopRequest stop(
      fmt::format("taking no more requests, running ones have {} seconds", f.options.grace));
  server::serve(
      f.model.model, f.model.options(), f.options, [&] { return stop.stands(); },
      [](const std::string& address) {
        fmt::print("listening on {}\n", address);
        std::fflush(stdout);
      });
}

}  // namespace

void add_serve(CLI::App& app) {
  auto f = std::make_shared<ServeFlags>();
  auto* command = app.add_subcommand("serve", "a server for OpenAI's clients, and a page to draw and ask");
  command->option_defaults()->group("server");
  add_flags(*command, f->options);
  f->model.add_to(*command);
  command->callback([=] { serve(*f); });
  command->footer(
      "Examples:\n"
      "  showo serve                          the page, at http://127.0.0.1:8080\n"
      "  showo serve --model show-o-8bit --port 0 --api-key-file keys.txt --limit-n 4");
}

}  // namespace showo::cli
