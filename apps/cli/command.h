// A subcommand is one file: it adds itself to the program and runs when it was chosen.
#pragma once

#include <CLI/CLI.hpp>

namespace showo::cli {

void add_data(CLI::App& app);
void add_train_codec(CLI::App& app);
void add_train(CLI::App& app);
void add_check(CLI::App& app);

}  // namespace showo::cli
