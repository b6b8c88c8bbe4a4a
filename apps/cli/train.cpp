// showo train and its kin: each trains what its recipe describes, resuming where the run stopped;
// several processes share the work when torchrun starts them.
#include "apps/cli/command.h"
#include "apps/cli/flags.h"
#include "apps/cli/train_place.h"
#include "showo/core/yaml_config.h"
#include "showo/train/clip_trainer.h"
#include "showo/train/codec_trainer.h"
#include "showo/train/trainer.h"

namespace showo::cli {
namespace {

// `what` is trained; `result` is the part of a checkpoint that the run is for.
template <class Trainer>
void add_trainer(CLI::App& app, const std::string& name, const std::string& what,
                 const std::string& result, const std::string& examples) {
  auto* command = app.add_subcommand(name, "train " + what);
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
    typename Trainer::Recipe recipe;
    read_yaml_config(recipe, *recipe_path);
    if (*steps > 0) recipe.steps = *steps;
    end_run(Trainer(recipe, *out, place()).run());
  });
  command->footer(run_footer(result, "Examples:\n" + examples));
}

}  // namespace

void add_trainers(CLI::App& app) {
  add_trainer<Trainer>(
      app, "train", "Show-o", "model",
      "  showo train configs/embedded/showo_stage1.yaml --out runs/showo-stage1\n"
      "  torchrun --no-python --nproc-per-node 8 showo train recipe.yaml --out runs/a --device "
      "cuda");
  add_trainer<CodecTrainer>(
      app, "train-codec", "an image tokenizer", "codec",
      "  showo train-codec configs/embedded/codec.yaml --out runs/codec\n"
      "  showo train-codec configs/codec/magvitv2.yaml --out runs/magvitv2 --device cuda");
  add_trainer<ClipTrainer>(app, "train-clip", "CLIP", "clip",
                           "  showo train-clip configs/embedded/clip.yaml --out runs/clip");
}

}  // namespace showo::cli
