// showo eval: figures on the emoji world's scenes.
#include "apps/cli/command.h"
#include "apps/cli/eval_benchmarks.h"
#include "apps/cli/eval_pictures.h"
#include "apps/cli/eval_prompts.h"
#include "apps/cli/eval_stories.h"
#include "apps/cli/eval_text.h"
#include "apps/cli/output.h"
#include "apps/cli/sampling_flags.h"
#include "apps/cli/session.h"
#include "showo/eval/pictures.h"
#include "showo/eval/questions.h"

namespace showo::cli {
namespace {

struct EvalFlags {
  ModelFlags model;
  SamplingFlags sampling;
  std::string shards, recogniser, features, all, protocol = "official";
  int64_t scenes = 500, questions = -1;
};

Json to_json(const PictureTallies& tallies) {
  Json json = Json::object();
  for (const auto& [asked, t] : tallies) {
    json[asked] = {{"judged", t.judged}, {"kinds", t.kinds},
                   {"things", t.things}, {"background", t.background},
                   {"places", t.places}, {"styles", t.styles},
                   {"all", t.all}};
  }
  return json;
}

std::string to_text(const std::string& name, const PictureTallies& tallies) {
  std::string text;
  for (const auto& [asked, t] : tallies) {
    auto share = [&, judged = t.judged](int64_t count) {
      return 100.0 * static_cast<double>(count) / static_cast<double>(judged);
    };
    text += fmt::format(
        "\n{}, {}: all {:.1f} %, kinds {:.1f} %, number {:.1f} %, background {:.1f} %", name,
        printable(asked), share(t.all), share(t.kinds), share(t.things), share(t.background));
    if (asked == "position") text += fmt::format(", places {:.1f} %", share(t.places));
    if (asked == "style") text += fmt::format(", styles {:.1f} %", share(t.styles));
    text += fmt::format(" of {}", t.judged);
  }
  return text;
}

Json to_json(const PictureFigures& figures) {
  Json json = {{"psnr", figures.psnr},
               {"ssim", figures.ssim},
               {"real", to_json(figures.real)},
               {"reconstructed", to_json(figures.reconstructed)},
               {"generated", to_json(figures.generated)}};
  if (figures.feature_distance) {
    json["feature_distance"] = *figures.feature_distance;
    json["frechet_feature_distance"] = *figures.frechet_feature_distance;
  }
  return json;
}

std::string to_text(const PictureFigures& figures) {
  std::string text =
      fmt::format("reconstruction: PSNR {:.2f} dB, SSIM {:.4f}", figures.psnr, figures.ssim);
  if (figures.feature_distance) {
    text += fmt::format(", feature distance {:.4f}, Fréchet feature distance {:.3f}",
                        *figures.feature_distance, *figures.frechet_feature_distance);
  }
  return text + to_text("real", figures.real) + to_text("reconstructed", figures.reconstructed) +
         to_text("generated", figures.generated);
}

void eval(EvalFlags& flags) {
  Session session(flags.model);
  PictureJudges judges;
  if (!flags.recogniser.empty()) judges.recogniser = load_recogniser(flags.recogniser);
  if (!flags.features.empty()) judges.features = load_features(flags.features);
  Json results = Json::object();
  std::string text;
  if (flags.scenes > 0) {
    const auto pictures = judge_pictures(session.pipeline(), judges, flags.shards, flags.scenes,
                                         flags.sampling.options, flags.model.seed);
    session.lap("pictures");
    results = to_json(pictures);
    text = to_text(pictures);
  }
  const int64_t asked = flags.questions < 0 ? flags.scenes : flags.questions;
  for (const auto& [type, tally] : ask_questions(session.pipeline(), flags.shards, asked)) {
    results["questions"][type] = {{"right", tally.right}, {"asked", tally.asked}};
    text += fmt::format("{}{}: {:.1f} % of {}", text.empty() ? "" : "\n", printable(type),
                        100.0 * static_cast<double>(tally.right) / static_cast<double>(tally.asked),
                        tally.asked);
  }
  session.lap("questions");
  session.report(results, text);
}

}  // namespace

void add_eval(CLI::App& app) {
  auto* command = app.add_subcommand(
      "eval", "answers, reconstructions and generated pictures on shards of the emoji world");
  auto f = std::make_shared<EvalFlags>();
  command->add_option("shards", f->shards, "a split: data/emoji/compositions.tar");
  command->option_defaults()->group("benchmarks");
  command->add_option(
      "--all", f->all,
      "folder of benchmarks: those that have a folder of their name in it are asked");
  command->add_option("--protocol", f->protocol, "whose prompts --all asks")
      ->check(CLI::IsMember({"official", "lmms-eval"}))
      ->capture_default_str();
  command->option_defaults()->group("judging");
  add_number(*command, "--scenes", f->scenes, "how many of its scenes to draw", at_least(0));
  command
      ->add_option("--questions", f->questions,
                   "of how many scenes to ask; as --scenes if not said")
      ->transform(number_in<int64_t>("--questions", at_least(0)));
  command->add_option("--recogniser", f->recogniser,
                      "folder of a recogniser, which judges generated pictures");
  command->add_option("--features", f->features,
                      "folder of a feature network (tools/fetch_features.sh), which compares "
                      "reconstructions with their originals");
  f->sampling.add_to(*command);
  f->model.add_to(*command);
  add_eval_text(*command);
  add_eval_stories(*command);
  add_eval_benchmarks(*command);
  add_eval_pictures(*command);
  add_eval_prompts(*command);
  command->callback([=] {
    if (!command->get_subcommands().empty()) return;
    if (f->all.empty() && f->shards.empty()) throw UsageError("shards is required");
    f->sampling.settle(*command, f->model.model);
    if (!f->all.empty()) return eval_all(f->model, f->sampling, f->all, f->protocol);
    eval(*f);
  });
  command->footer(
      "Examples:\n"
      "  showo eval data/emoji/compositions.tar --scenes 500 --recogniser runs/recogniser\n"
      "  showo eval data/comparisons/compositions.tar --scenes 0 --questions 200\n"
      "  showo eval data/emoji/pairs.tar --questions 0 --model runs/showo/checkpoint/model --json\n"
      "  showo eval --all benchmarks --model show-o --llm phi-1_5 --codec magvitv2 --dtype bf16\n"
      "  showo eval text held_out.txt --model phi-1_5");
}

void add_train_recogniser(CLI::App& app) {
  auto* command = app.add_subcommand("train-recogniser",
                                     "train the judge of generated pictures on real scenes");
  auto f = std::make_shared<RecogniserOptions>();
  auto out = std::make_shared<OutputFolder>();
  auto shards = std::make_shared<std::vector<std::string>>();
  command->add_option("shards", *shards, "training shards of the emoji world, scenes and stories")
      ->required();
  command->option_defaults()->group("output");
  command->add_option("--out", out->path, "the recogniser's folder")->required();
  out->add_force(*command);
  command->option_defaults()->group("training");
  add_flags(*command, *f);
  command->callback([=] {
    out->check();
    Recogniser recogniser = train_recogniser(*shards, *f);
    out->write([&](const fs::path& temporary) { write_recogniser(temporary, recogniser); });
  });
  command->footer(
      "Examples:\n"
      "  showo train-recogniser 'data/emoji/train-{0000..0007}.tar' --out runs/recogniser\n"
      "  showo train-recogniser 'data/emoji/train-{0000..0011}.tar' "
      "'data/stories/stories-{0000..0003}.tar' --out runs/recogniser --steps 1200\n"
      "  showo train-recogniser data/emoji/train-0000.tar --out runs/small --steps 200 --force");
}

}  // namespace showo::cli
