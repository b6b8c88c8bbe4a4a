// showo train-codec: trains an image tokenizer as a recipe says, resuming where the run stopped;
// several processes share the work when torchrun starts them.
#include "apps/cli/command.h"
#include "apps/cli/flags.h"
#include "apps/cli/train_place.h"
#include "showo/core/yaml_config.h"
#include "showo/train/codec_trainer.h"

namespace showo::cli {

void add_train_codec(CLI::App& app) {
  auto* command = app.add_subcommand("train-codec", "train an image tokenizer");
  auto recipe_path = std::make_shared<std::string>(), out = std::make_shared<std::string>();
  auto steps = std::make_shared<int64_t>(0);
  command->add_option("recipe", *recipe_path, "YAML recipe")->required();
  command->option_defaults()->group("run");
  command->add_option("--out", *out, "the run's folder; resumed when it holds a checkpoint")
      ->required();
  command->add_option("--steps", *steps, "instead of the recipe's")
      ->transform(number_in<int64_t>("--steps", at_least(1)));
  const auto place = add_place(*command);
  command->callback([=] {
    CodecRecipe recipe;
    read_yaml_config(recipe, *recipe_path);
    if (*steps > 0) recipe.steps = *steps;
    end_run(CodecTrainer(recipe, *out, place()).run());
  });
  command->footer(run_footer(
      "codec",
      "Examples:\n  showo train-codec configs/embedded/codec.yaml --out runs/codec\n"
      "  showo train-codec configs/codec/magvitv2.yaml --out runs/magvitv2 --device cuda"));
}

}  // namespace showo::cli
