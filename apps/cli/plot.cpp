// showo plot: a run's curves as an SVG picture.
#include "showo/train/plot.h"

#include "apps/cli/command.h"
#include "showo/core/error.h"

namespace showo::cli {

void add_plot(CLI::App& app) {
  auto* command = app.add_subcommand("plot", "curves of a training run, as SVG");
  auto run = std::make_shared<std::string>(), out = std::make_shared<std::string>();
  auto metrics = std::make_shared<std::vector<std::string>>();
  command->add_option("run", *run, "the run's folder")->required();
  command->option_defaults()->group("picture");
  command->add_option("-o,--out", *out, "RUN/curves.svg when left out");
  command->add_option("--metrics", *metrics, "which ones; all when left out")->delimiter(',');
  command->callback([=] {
    const fs::path path = out->empty() ? fs::path(*run) / "curves.svg" : fs::path(*out);
    if (path.extension() != ".svg")
      throw UsageError(fmt::format("--out {}: expected a name that ends in .svg", path.string()));
    const std::string title = fs::absolute(*run).lexically_normal().filename().string();
    write_file_atomically(path, plot_svg(read_curves(*run), *metrics, title));
    std::puts(printable(path.string()).c_str());
  });
  command->footer(
      "Examples:\n  showo plot runs/showo --metrics t2i,mmu\n  showo plot runs/codec -o codec.svg");
}

}  // namespace showo::cli
