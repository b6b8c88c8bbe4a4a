// showo ablate: a study of ablations, each training and evaluation a process of this program.
#include <torch/cuda.h>

#include <thread>

#include "apps/cli/command.h"
#include "apps/cli/flags.h"
#include "apps/cli/train_place.h"
#include "showo/ablate/report.h"
#include "showo/ablate/runner.h"
#include "showo/core/child.h"
#include "showo/core/cpus.h"
#include "showo/core/yaml_config.h"
#include "showo/train/clip_trainer.h"
#include "showo/train/codec_trainer.h"
#include "showo/train/folder_lock.h"
#include "showo/train/recipe.h"

namespace showo::cli {
namespace {

struct AblateFlags {
  std::string study, out, device = "cpu";
  int processes = 0;
  std::vector<std::string> only;
  bool report_only = false;
};

// Calls `use` with an empty recipe of what the command trains.
template <class Use>
Json with_recipe(const std::string& command, const Use& use) {
  if (command == "train-codec") return use(CodecRecipe());
  if (command == "train-clip") return use(ClipRecipe());
  return use(ShowoRecipe());
}

RecipeReader recipe_reader() {
  const auto read = [](const std::string& command, const fs::path& path) {
    return with_recipe(command, [&](auto recipe) {
      read_yaml_config(recipe, path);
      return config_to_json(recipe);
    });
  };
  const auto complete = [](const std::string& command, const Json& json, const std::string& where) {
    return with_recipe(command, [&](auto recipe) {
      read_config(recipe, json, where);
      try {
        recipe.check();
      } catch (const Error& error) {
        fail("{}: {}", where, error.what());
      }
      return config_to_json(recipe);
    });
  };
  return {read, complete};
}

// The folder is this study's, or new: another's results would stand beside it.
void claim(const fs::path& out, const Study& study) {
  const fs::path mark = out / "study.json";
  if (fs::exists(mark)) {
    const Json held = read_json(mark).value("study", Json());
    if (held != study.name)
      fail("{}: holds the study {}, not '{}'; choose another folder", out.string(), held.dump(),
           study.name);
    return;
  }
  std::error_code error;
  for (const auto& item : fs::directory_iterator(out, error))
    if (item.path().filename() != ".lock")
      fail("{}: holds '{}', which is no study's; choose another folder", out.string(),
           item.path().filename().string());
  write_file_atomically(mark, Json{{"study", study.name}}.dump() + "\n");
}

RunnerOptions places(const AblateFlags& flags) {
  RunnerOptions options;
  options.program = own_program();
  options.out = flags.out;
  const int cores = cpu_quota().value_or(static_cast<int>(std::thread::hardware_concurrency()));
  if (flags.device == "cuda") {
    options.gpus = static_cast<int>(torch::cuda::device_count());
    if (options.gpus == 0) throw UsageError("--device cuda: there is no GPU");
  } else if (flags.device != "cpu") {
    throw UsageError(fmt::format("--device {}: expected cpu or cuda", flags.device));
  }
  options.processes = flags.processes > 0 ? flags.processes
                      : options.gpus > 0  ? options.gpus
                                          : std::max(cores, 1);
  options.threads = std::max(cores / options.processes, 1);
  return options;
}

// The report is of the whole study, whichever rows are run.
void ablate(const AblateFlags& flags) {
  const RecipeReader recipes = recipe_reader();
  const Study study = read_study(flags.study, recipes);
  const Plan whole = plan_of(study, recipes), chosen = plan_of(study, recipes, flags.only);
  RunnerOptions options = places(flags);
  make_folder(options.out);
  const FolderLock lock(options.out);
  claim(options.out, study);
  Records records = read_records(whole, options.out);
  const auto report = [&] {
    Results results = results_of(study, whole, records);
    write_report(study, results, options.out);
    return results;
  };
  options.changed = [&] { report(); };
  if (!flags.report_only && !run_plan(chosen, records, options)) {
    spdlog::info("stopped; the same command goes on");
    return end_run(false);
  }
  const Results results = report();
  const std::string page = (options.out / "results.md").string();
  for (const Outcome& outcome : results.outcomes) fmt::print("{}\n", printable(outcome.sentence));
  fmt::print("{}\n", printable(page));
  const auto failed = std::ranges::count_if(results.cells, [&](const Measured& cell) {
    const bool asked = flags.only.empty() || std::ranges::count(flags.only, cell.cell.row);
    return asked && cell.error;
  });
  if (failed > 0) fail("{} of {} cells failed; {} names them", failed, results.cells.size(), page);
}

}  // namespace

void add_ablate(CLI::App& app) {
  auto* command = app.add_subcommand(
      "ablate", "a study: recipes with overrides, seeds and evaluations, as tables and plots");
  auto f = std::make_shared<AblateFlags>();
  command->add_option("study", f->study, "YAML study (docs/ablations.md)")->required();
  command->option_defaults()->group("run");
  command
      ->add_option("--out", f->out, "the study's folder; what is finished in it is not run again")
      ->required();
  command
      ->add_option("--only", f->only, "a row to run, or several by a flag each; all when left out")
      ->allow_extra_args(false);
  command->add_flag("--report-only", f->report_only,
                    "run nothing, write the report of what is there");
  command->option_defaults()->group("machine");
  add_number(*command, "--processes", f->processes,
             "trainings and evaluations at once; 0: as many as cores, or GPUs", between(0, 1024));
  command->add_option("--device", f->device, "cpu, or cuda: a GPU a process")
      ->capture_default_str();
  command->callback([=] { ablate(*f); });
  command->footer(
      "OUT has results.json, results.md and a picture a figure.\n"
      "SIGINT, SIGTERM and SIGHUP save what is being trained and end with status 75; the same "
      "command goes on.\n"
      "Examples:\n"
      "  showo ablate configs/ablations/architecture.yaml --out runs/ablations/architecture\n"
      "  showo ablate configs/ablations/architecture.yaml --out runs/ablations/architecture "
      "--report-only");
}

}  // namespace showo::cli
