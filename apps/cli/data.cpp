// showo data emoji: writes the embedded world's scenes as webdataset shards.
#include "apps/cli/command.h"
#include "apps/cli/flags.h"
#include "apps/cli/output.h"
#include "showo/data/emoji_dataset.h"

namespace showo::cli {

void add_data(CLI::App& app) {
  auto* data = app.add_subcommand("data", "make data sets");
  data->require_subcommand(1);
  auto* emoji = data->add_subcommand("emoji", "compose scenes of emoji into webdataset shards");
  auto options = std::make_shared<emoji::EmojiOptions>();
  auto out = std::make_shared<OutputFolder>(OutputFolder{"data/emoji"});
  emoji->option_defaults()->group("output");
  emoji->add_option("--out", out->path, "folder to write")->capture_default_str();
  out->add_force(*emoji);
  emoji->option_defaults()->group("scenes");
  add_flags(*emoji, *options);
  emoji->callback([=] {
    out->check({options->packages});
    out->write([&](const fs::path& temporary) { emoji::write_emoji_dataset(*options, temporary); });
  });
  emoji->footer(
      "Examples:\n"
      "  tools/fetch_emoji.sh && showo data emoji --out data/emoji --scenes 40000 --seed 1\n"
      "  showo data emoji --out data/small --scenes 100 --scenes-per-shard 50 --force");
}

}  // namespace showo::cli
