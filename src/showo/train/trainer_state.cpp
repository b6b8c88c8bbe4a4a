// What a run leaves behind: checkpoints, and pictures to look at.
#include "showo/checkpoint/finite.h"
#include "showo/checkpoint/load.h"
#include "showo/checkpoint/weights_folder.h"
#include "showo/codec/checkpoint.h"
#include "showo/core/random.h"
#include "showo/generate/engine.h"
#include "showo/generate/picture_job.h"
#include "showo/generate/preset.h"
#include "showo/train/restore.h"
#include "showo/train/tokenizer_copy.h"
#include "showo/train/trainer.h"

namespace showo {
namespace {

// The tower is frozen and large: a checkpoint shares its files where the file system allows it.
void link_files(const fs::path& from, const fs::path& to) {
  make_folder(to);
  for (const auto& item : fs::directory_iterator(from)) {
    if (!item.is_regular_file()) continue;
    const fs::path file = fs::canonical(item.path()), link = to / item.path().filename();
    std::error_code error;
    fs::create_hard_link(file, link, error);
    if (error) fs::copy_file(file, link);
  }
}

}  // namespace

void ShowoTrainee::preview(const fs::path& file) {
  std::vector<torch::Tensor> lines;
  std::vector<std::string> prompts = recipe_.prompts;
  if (prompts.empty() && streams_.has(kT2i)) {
    StreamOptions options;
    options.decode = true;
    options.side = static_cast<int>(recipe_.batch.image_size);
    SampleStream stream(recipe_.data.t2i, derive_seed(recipe_.seed, 5), {}, options);
    std::vector<Sample> samples;
    for (int i = 0; i < 8; ++i) samples.push_back(stream.next());
    for (const auto& sample : samples) prompts.push_back(sample.caption);
    lines.push_back(codec_->decode(maker_.codes_of(samples)));
  }
  const int64_t tokens = model_->config.num_vq_tokens;
  const std::vector<int64_t> blank(tokens, model_->vocabulary.mask_token);
  if (prompts.empty()) return;
  SamplingOptions options = recipe_.sampling;
  options.steps = static_cast<int>(std::min<int64_t>(options.steps, tokens));
  std::vector<Engine::JobPtr> jobs;
  for (const auto& prompt : prompts) {
    jobs.push_back(std::make_shared<PictureJob>(
        model_, prompting_.text_to_image(tokenizer_->encode(prompt), blank),
        prompting_.text_to_image({}, blank), torch::full({tokens}, -1, torch::kLong), options,
        std::make_unique<SeededDraws>(jobs.size() + 1, place_.device)));
  }
  Engine(model_).run(jobs);
  std::vector<torch::Tensor> codes;
  for (const auto& job : jobs) codes.push_back(static_cast<PictureJob&>(*job).codes());
  lines.push_back(codec_->decode(torch::stack(codes)));
  for (auto& line : lines) line = line.cpu();
  write_preview(file, lines);
}

void ShowoTrainee::save(const fs::path& checkpoint, Ema& averages) {
  const fs::path folder = checkpoint / "model";
  save_showo(folder, model_);
  copy_tokenizer(recipe_.tokenizer, folder / "llm");
  write_own_sampling(folder, recipe_.sampling);
  save_codec(folder / "codec", codec_);
  if (model_->config.seen_as() == Vision::kClip)
    link_files(recipe_.tower_folder(), folder / "clip");
  if (!averages.enabled()) return;
  fs::copy(folder, checkpoint / "model_ema", fs::copy_options::recursive);
  const Ema::Applied averaged(averages);
  write_safetensors(checkpoint / "model_ema" / kWeightsFile, state_of(*model_));
}

// The tokenizers may lie elsewhere than before, but they must be the same: the model learned their
// ids.
void ShowoTrainee::check_tokenizers(const fs::path& model) const {
  const TensorMap before = state_of(*load_codec(model / "codec")), now = state_of(*codec_);
  for (const auto& [name, tensor] : now) {
    const auto found = before.find(name);
    if (found == before.end() || !torch::equal(found->second, tensor.cpu())) {
      fail("{}: tensor '{}' differs from {}: another image tokenizer than the run's", recipe_.codec,
           name, (model / "codec").string());
    }
  }
  check_same_tokenizer(recipe_.tokenizer, model / "llm");
}

void ShowoTrainee::load(const fs::path& checkpoint, Ema& averages) {
  check_tokenizers(checkpoint / "model");
  const auto load = [&](const fs::path& folder) {
    restore(*model_, state_of(*load_showo(ModelPaths::in(folder))), folder.string());
  };
  if (averages.enabled()) {
    const Ema::Applied averaged(averages);
    load(checkpoint / "model_ema");
  }
  load(checkpoint / "model");
}

}  // namespace showo
