// showo eval: figures on the emoji world's scenes.
#include "apps/cli/command.h"
#include "apps/cli/session.h"
#include "showo/data/shards.h"
#include "showo/eval/questions.h"
#include "showo/image/preprocess.h"

namespace showo::cli {
namespace {

// Mean over pictures of 10·log10(255²/mse) between a picture and its reconstruction.
double mean_psnr(Pipeline& pipeline, const std::string& shards, int64_t scenes) {
  double sum = 0;
  int64_t done = 0;
  for (const auto& shard : find_shards(shards)) {
    ShardReader reader(shard);
    for (auto sample = reader.next(); sample && done < scenes; sample = reader.next()) {
      const Image picture = resize_and_crop(decode_image(std::as_bytes(std::span(sample->image_bytes)), sample->key), pipeline.image_size());
      const double mse = (to_tensor(picture) - to_tensor(pipeline.reconstruct(picture))).square().mean().item<double>();
      sum += 10 * std::log10(4 / std::max(mse, 1e-10));
      ++done;
    }
  }
  return sum / static_cast<double>(std::max<int64_t>(done, 1));
}

}  // namespace

void add_eval(CLI::App& app) {
  auto* command = app.add_subcommand("eval", "answers and reconstructions on shards of the emoji world");
  auto flags = std::make_shared<ModelFlags>();
  auto shards = std::make_shared<std::string>();
  auto scenes = std::make_shared<int64_t>(500);
  command->add_option("shards", *shards, "a split: data/emoji/compositions.tar")->required();
  command->add_option("--scenes", *scenes, "how many of its scenes")->capture_default_str();
  flags->add_to(*command);
  command->callback([=] {
    Session session(*flags);
    Json results = {{"psnr", mean_psnr(session.pipeline(), *shards, *scenes)}};
    std::string text = fmt::format("reconstruction: PSNR {:.2f} dB", results["psnr"].get<double>());
    for (const auto& [type, tally] : ask_questions(session.pipeline(), *shards, *scenes)) {
      results["questions"][type] = {{"right", tally.right}, {"asked", tally.asked}};
      text += fmt::format("\n{}: {:.1f} % of {}", type, 100.0 * tally.right / tally.asked, tally.asked);
    }
    session.report(results, text);
  });
  command->footer("Example:\n  showo eval data/emoji/compositions.tar --scenes 500");
}

}  // namespace showo::cli
