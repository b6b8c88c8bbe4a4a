// showo quantize: a model folder with the weights of its linear layers in 8 or 4 bits.
#include <algorithm>

#include "apps/cli/command.h"
#include "apps/cli/flags.h"
#include "apps/cli/output.h"
#include "showo/checkpoint/finite.h"
#include "showo/checkpoint/weights_folder.h"
#include "showo/generate/tower.h"
#include "showo/model/folder.h"

namespace showo::cli {
namespace {

struct QuantizeFlags {
  std::string model, llm, codec, clip;
  OutputFolder out;
  int bits = 8;
  int64_t group = -1;
};

// What is read of a folder whose weights stay as they are, and who made it: published ones hold the
// same weights once more for other libraries.
void copy_what_is_read(const fs::path& folder, const fs::path& to) {
  const auto weights = weights_files(folder);
  copy_files(folder, to, [&](const std::string& name) {
    const bool notice =
        name.starts_with("LICENSE") || name.starts_with("NOTICE") || name.starts_with("README");
    return notice || name == "config.json" || name == "preprocessor_config.json" ||
           std::ranges::count(weights, name) > 0;
  });
}

void quantize(const QuantizeFlags& f) {
  LowBits format = LowBits::of(f.bits);
  if (f.group >= 0) format.group = f.group;
  format.check("--group");
  const ModelPaths paths = ModelPaths::in(f.model, f.llm, f.codec, f.clip);
  f.out.check({paths.model, paths.llm, paths.codec, paths.clip});
  if (read_low_bits(paths.model))
    throw UsageError(fmt::format("{}: its weights are rounded already", f.model));
  Showo model = load_showo(paths, torch::kFloat, torch::kCPU, format);
  check_finite(*model, f.model);
  const bool tower = model->config.seen_as() == Vision::kClip;
  if (tower) load_tower(paths.clip, model, torch::kBFloat16);  // or say what is wrong with it
  f.out.write([&](const fs::path& temporary) {
    copy_files(paths.llm, temporary / "llm",
               [](const std::string& name) { return !holds_weights(name); });
    copy_what_is_read(paths.codec, temporary / "codec");
    if (tower) copy_what_is_read(paths.clip, temporary / "clip");
    const fs::path sampling = paths.model / "sampling.json";
    if (fs::exists(sampling)) fs::copy_file(sampling, temporary / "sampling.json");
    write_showo(temporary, model);
  });
}

}  // namespace

void add_quantize(CLI::App& app) {
  auto f = std::make_shared<QuantizeFlags>();
  auto* command = app.add_subcommand(
      "quantize", "write a model folder with its linear layers' weights in 8 or 4 bits");
  command->add_option("model", f->model, "model folder")->required();
  command->add_option("out", f->out.path, "folder to write")->required();
  f->out.add_force(*command);
  command->option_defaults()->group("weights");
  command->add_option("--bits", f->bits, "8 or 4")
      ->transform(number_in<int>("--bits", between(4, 8)))
      ->check(CLI::IsMember({8, 4}))
      ->capture_default_str();
  command
      ->add_option("--group", f->group,
                   "inputs that share a scale, a multiple of 32; 0: all of a channel's. "
                   "Default: 0 for 8 bits, 32 for 4")
      ->transform(number_in<int64_t>("--group", between(0, 1 << 20)));
  command->option_defaults()->group("model");
  command->add_option("--llm", f->llm, "folder of the language model's config and tokenizer");
  command->add_option("--codec", f->codec, "folder of the image tokenizer");
  command->add_option("--clip", f->clip, "folder of the CLIP-ViT, if the model has one");
  command->callback([=] { quantize(*f); });
  command->footer(
      "Examples:\n  showo quantize show-o show-o-8bit --bits 8 --llm phi-1_5 --codec magvitv2\n"
      "  showo quantize runs/showo/checkpoint/model small --bits 4 --group 64");
}

}  // namespace showo::cli
