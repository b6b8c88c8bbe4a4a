#include "apps/cli/eval_pictures.h"

#include "apps/cli/score.h"
#include "showo/benchmarks/fid.h"
#include "showo/core/device.h"
#include "showo/eval/clip_score.h"
#include "showo/eval/picture_statistics.h"

namespace showo::cli {
namespace {

struct FidFlags {
  std::string data, predictions, inception, out = "eval/fid", device = "cpu";
  bool json = false;
};

void fid(const FidFlags& f) {
  const auto device = parse_device(f.device);
  Problems problems;
  const fs::path out(f.out);
  const fs::path data = fid_side(f.data, f.inception, device, out / "data.npz", problems);
  if (f.predictions.empty()) {
    print_score({{"official", Json::object()}, {"problems", problems.to_json()}},
                fmt::format("statistics of {}: {}\n", printable(f.data), printable(data.string())),
                f.json);
    return;
  }
  Json score = score_fid(
      data, fid_side(f.predictions, f.inception, device, out / "predictions.npz", problems));
  score["problems"].update(problems.to_json());
  print_score(score, "", f.json);
}

void add_fid(CLI::App& eval) {
  auto f = std::make_shared<FidFlags>();
  auto* command = eval.add_subcommand(
      "fid", "Fréchet distance of two sets: pictures, features or their statistics");
  command->option_defaults()->group("benchmark");
  command
      ->add_option("--data", f->data,
                   "folder of pictures, features [N, D] as .safetensors, or mu and sigma as .npz")
      ->required();
  command->add_option("--predictions", f->predictions,
                      "the other set; without it the statistics of --data are written alone");
  command->add_option("--inception", f->inception,
                      "the network's weights, which pictures need: pt_inception-2015-12-05 as .pth "
                      "or .safetensors");
  command->add_option("--out", f->out, "folder of the statistics of pictures, for use again")
      ->capture_default_str();
  command->option_defaults()->group("machine");
  command->add_option("--device", f->device, "cpu, cuda or cuda:1")->capture_default_str();
  command->add_flag("--json", f->json, "results as JSON");
  command->callback([=] { fid(*f); });
  command->footer(
      "Examples:\n"
      "  showo eval fid --data coco/val2014 --inception pt_inception-2015-12-05-6726825d.pth "
      "--out coco-statistics\n"
      "  showo eval fid --data coco-statistics/data.npz --predictions eval/prompts "
      "--inception pt_inception-2015-12-05-6726825d.pth\n"
      "  showo eval fid --data coco.npz --predictions features.safetensors --json");
}

void add_clip_score(CLI::App& eval) {
  struct Flags {
    std::string data, clip, device = "cpu";
    bool json = false;
  };
  auto f = std::make_shared<Flags>();
  auto* command =
      eval.add_subcommand("clip-score", "how well pictures show their texts, by a CLIP");
  command->option_defaults()->group("benchmark");
  command
      ->add_option("--data", f->data,
                   "folder that eval prompts, dpg or geneval drew, or of pictures with NAME.txt "
                   "beside NAME.png")
      ->required();
  command
      ->add_option("--clip", f->clip,
                   "folder of a whole CLIPModel with its tokenizer, such as clip-vit-large-patch14")
      ->required();
  command->option_defaults()->group("machine");
  command->add_option("--device", f->device, "cpu, cuda or cuda:1")->capture_default_str();
  command->add_flag("--json", f->json, "results as JSON, with each picture's");
  command->callback([=] {
    ClipJudge judge(f->clip, parse_device(f->device));
    print_score(score_clip(judge, f->data), "", f->json);
  });
  command->footer(
      "Examples:\n"
      "  showo eval clip-score --data eval/prompts --clip clip-vit-large-patch14\n"
      "  showo eval clip-score --data eval/geneval --clip clip-vit-base-patch32 --json");
}

}  // namespace

fs::path fid_side(const std::string& given, const std::string& inception, torch::Device device,
                  const fs::path& statistics, Problems& problems) {
  if (!fs::is_directory(given)) return given;
  if (inception.empty())
    throw UsageError(fmt::format("{}: --inception is required for a folder of pictures", given));
  write_picture_statistics(load_inception(inception, device), given, statistics, problems, device);
  return statistics;
}

void add_eval_pictures(CLI::App& eval) {
  add_fid(eval);
  add_clip_score(eval);
}

}  // namespace showo::cli
