#include "apps/cli/eval_prompts.h"

#include "apps/cli/eval_pictures.h"
#include "apps/cli/flags.h"
#include "apps/cli/score.h"
#include "showo/benchmarks/dpg.h"
#include "showo/benchmarks/fid.h"
#include "showo/core/device.h"
#include "showo/eval/clip_score.h"
#include "showo/eval/dpg_judge.h"
#include "showo/eval/drawing_prompts.h"

namespace showo::cli {
namespace {

constexpr int64_t kDpgSamples = 4;

struct PromptFlags {
  ModelFlags model;
  SamplingFlags sampling;
  std::string data, out, clip, inception, reference;
  int64_t samples = 1;
};

// Draws them; whether this process is the one that goes on.
bool draw(const PromptFlags& f, const std::vector<ListedPrompt>& prompts, Problems& problems) {
  Group group = Group::from_environment(parse_device(f.model.device));
  Session session(f.model);
  const DrawnRun run{f.data,    f.model.model,       f.model.dtype,     f.model.seed,
                     f.samples, std::ssize(prompts), f.sampling.options};
  draw_prompts(session.pipeline(), prompts, run, f.out, group, problems);
  return group.leads();
}

void prompts(const PromptFlags& f) {
  if (f.inception.empty() != f.reference.empty())
    throw UsageError("--inception and --reference belong together");
  Problems problems;
  const auto list = read_prompts(f.data, problems);
  if (!draw(f, list, problems)) return;
  const auto device = parse_device(f.model.device);
  const fs::path out(f.out);
  Json official = {{"prompts", list.size()}}, others = Json::object();
  if (!f.clip.empty()) {
    ClipJudge judge(f.clip, device);
    const Json score = score_clip(judge, out);
    official.update(score["official"]);
    others.update(score["problems"]);
  }
  if (!f.inception.empty()) {
    const Json score =
        score_fid(fid_side(f.reference, f.inception, device, out / "reference.npz", problems),
                  fid_side(f.out, f.inception, device, out / "statistics.npz", problems));
    official.update(score["official"]);
    others.update(score["problems"]);
  }
  others.update(problems.to_json());
  print_score({{"official", official}, {"problems", others}},
              fmt::format("pictures: {}\n", printable((out / "pictures").string())), f.model.json);
}

void add_prompts(CLI::App& eval) {
  auto f = std::make_shared<PromptFlags>();
  f->out = "eval/prompts";
  auto* command =
      eval.add_subcommand("prompts", "draws a list of prompts and measures the pictures");
  command->option_defaults()->group("benchmark");
  command
      ->add_option("--data", f->data,
                   "a prompt a line, .jsonl, .csv (a column prompt, caption or text), or a folder "
                   "of NAME.txt")
      ->required();
  command
      ->add_option("--out", f->out, "folder of pictures, in which a run that was stopped goes on")
      ->capture_default_str();
  add_number(*command, "--samples", f->samples,
             "pictures of a prompt; several are one file, a square of 2×2", between(1, 4));
  command->add_option("--clip-score", f->clip, "folder of a CLIP, by which CLIP score is told");
  command->add_option("--inception", f->inception, "FID's network, as eval fid takes it");
  command->add_option("--reference", f->reference,
                      "what FID compares with: a folder of pictures, or statistics as .npz");
  f->sampling.add_to(*command);
  f->model.add_to(*command);
  command->callback([=] {
    f->sampling.settle(*command, f->model.model);
    prompts(*f);
  });
  command->footer(
      "Examples:\n"
      "  showo eval prompts --data MS-COCO_val2014_30k_captions.csv --out coco --model show-o\n"
      "  showo eval prompts --data prompts.txt --clip-score clip-vit-large-patch14 --json");
}

struct DpgFlags : PromptFlags {
  std::string predictions, pictures;
  bool judge = false;
};

// The folder of the model's answers, on the leading process alone.
std::optional<fs::path> judged(const DpgFlags& f) {
  const fs::path out = fs::path(f.out) / "judge", pictures = f.pictures.empty()
                                                                 ? fs::path(f.out) / "pictures"
                                                                 : fs::path(f.pictures);
  Group group = Group::from_environment(parse_device(f.model.device));
  Session session(f.model);
  answer_dpg(session.pipeline(), f.data, pictures, f.samples,
             {"dpg", "official", f.model.model, f.model.dtype}, out, group);
  return group.leads() ? std::optional(out) : std::nullopt;
}

void dpg(const DpgFlags& f) {
  if (f.predictions.empty() && !f.judge) {
    Problems problems;
    const auto list = read_prompts(fs::path(f.data) / "prompts", problems);
    if (draw(f, list, problems))
      print_score({{"official", {{"prompts", list.size()}}}, {"problems", problems.to_json()}},
                  fmt::format("pictures: {}\n", printable((fs::path(f.out) / "pictures").string())),
                  f.model.json);
    return;
  }
  const auto answers = f.judge ? judged(f) : std::optional<fs::path>(f.predictions);
  if (answers) print_score(score_dpg(f.data, *answers), "", f.model.json);
}

void add_dpg(CLI::App& eval) {
  auto f = std::make_shared<DpgFlags>();
  f->out = "eval/dpg";
  f->samples = kDpgSamples;
  auto* command = eval.add_subcommand(
      "dpg", "DPG-Bench: draws its pictures, scores answers about them, or asks a model for these");
  command->option_defaults()->group("benchmark");
  command->add_option("--data", f->data, "the folder dpg_bench: dpg_bench.csv and prompts/NAME.txt")
      ->required();
  command->add_option("--predictions", f->predictions,
                      "score these: lines of answers, or the official script's …_detail.txt");
  command->add_flag("--judge", f->judge,
                    "ask --model the questions about --pictures, and score its answers");
  command->add_option("--pictures", f->pictures, "folder of NAME.png; OUT/pictures");
  command->add_option("--out", f->out, "folder of pictures and answers")->capture_default_str();
  add_number(*command, "--samples", f->samples, "pictures in a file, a square of 2×2",
             between(1, 4));
  f->sampling.add_to(*command);
  f->model.add_to(*command);
  command->callback([=] {
    f->sampling.settle(*command, f->model.model);
    dpg(*f);
  });
  command->footer(
      "Examples:\n"
      "  showo eval dpg --data ELLA/dpg_bench --model show-o-512x512 --dtype bf16\n"
      "  showo eval dpg --data ELLA/dpg_bench --predictions results_detail.txt --json\n"
      "  showo eval dpg --data ELLA/dpg_bench --judge --model show-o-w-clip-vit-512x512 "
      "--clip clip-vit-large-patch14-336");
}

}  // namespace

void draw_dpg(const ModelFlags& model, const SamplingFlags& sampling, const fs::path& data) {
  DpgFlags f;
  f.model = model;
  f.sampling = sampling;
  f.data = data.string();
  f.out = "eval/dpg";
  f.samples = kDpgSamples;
  dpg(f);
}

void add_eval_prompts(CLI::App& eval) {
  add_prompts(eval);
  add_dpg(eval);
}

}  // namespace showo::cli
