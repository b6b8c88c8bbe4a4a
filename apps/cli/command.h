// A subcommand is one file: it adds itself to the program and runs when it was chosen.
#pragma once

#include <CLI/CLI.hpp>

namespace showo::cli {

void add_generate(CLI::App& app);
void add_ask(CLI::App& app);
void add_caption(CLI::App& app);
void add_complete(CLI::App& app);
void add_inpaint(CLI::App& app);
void add_extend(CLI::App& app);
void add_edit(CLI::App& app);
void add_reconstruct(CLI::App& app);
void add_story(CLI::App& app);
void add_trainers(CLI::App& app);
void add_data(CLI::App& app);
void add_check(CLI::App& app);
void add_info(CLI::App& app);
void add_convert(CLI::App& app);
void add_quantize(CLI::App& app);
void add_bench(CLI::App& app);
void add_plot(CLI::App& app);
void add_eval(CLI::App& app);
void add_train_recogniser(CLI::App& app);
void add_ablate(CLI::App& app);
void add_serve(CLI::App& app);

}  // namespace showo::cli
