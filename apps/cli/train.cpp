// showo train: trains Show-o as a recipe says, resuming where the run stopped; several processes
// share the work when torchrun starts them.
#include "apps/cli/command.h"
#include "showo/core/device.h"
#include "showo/train/trainer.h"

namespace showo::cli {

void add_train(CLI::App& app) {
  auto* command = app.add_subcommand("train", "train Show-o");
  auto recipe_path = std::make_shared<std::string>(), out = std::make_shared<std::string>();
  auto device = std::make_shared<std::string>("cpu");
  auto steps = std::make_shared<int64_t>(0);
  auto timeout = std::make_shared<int>(60);
  command->add_option("recipe", *recipe_path, "YAML recipe")->required();
  command->add_option("--out", *out, "the run's folder; resumed when it holds a checkpoint")
      ->required();
  command->add_option("--steps", *steps, "instead of the recipe's")->check(CLI::PositiveNumber);
  command->add_option("--device", *device, "cpu, or cuda: one GPU a process")
      ->capture_default_str();
  command->add_option("--timeout", *timeout, "seconds to wait for a lost process")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
  command->callback([=] {
    ShowoRecipe recipe;
    read_config(recipe, read_yaml(*recipe_path), *recipe_path);
    if (*steps > 0) recipe.steps = *steps;
    TrainerPlace place;
    place.device =
        parse_device(*device == "cuda" ? "cuda:" + std::to_string(local_rank()) : *device);
    place.group = Group::from_environment(place.device, std::chrono::seconds(*timeout));
    Trainer(recipe, *out, place).run();
  });
  command->footer(
      "Examples:\n"
      "  showo train configs/embedded/showo.yaml --out runs/showo\n"
      "  torchrun --no-python --nproc-per-node 8 showo train recipe.yaml --out runs/a --device "
      "cuda");
}

}  // namespace showo::cli
