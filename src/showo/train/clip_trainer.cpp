#include "showo/train/clip_trainer.h"

#include "showo/checkpoint/load.h"
#include "showo/core/random.h"
#include "showo/image/preprocess.h"
#include "showo/train/restore.h"
#include "showo/train/tokenizer_copy.h"
#include "showo/vision/clip_folder.h"

namespace showo {
namespace {

constexpr uint64_t kDataSeed = 1, kClipEvaluationSeed = 2;
constexpr const char* kResult = "clip";

ClipConfig config_for(const ClipRecipe& recipe, const Tokenizer& tokenizer) {
  ClipConfig config = recipe.clip;
  const auto end = tokenizer.eos();
  if (!end) fail("{}: the tokenizer has no token that ends a text", recipe.tokenizer);
  config.text_config.vocab_size = tokenizer.size();
  config.text_config.eos_token_id = *end;
  config.check("recipe: clip");
  return config;
}

Clip new_clip(const ClipRecipe& recipe, const Tokenizer& tokenizer) {
  Clip clip(config_for(recipe, tokenizer));
  initialise_clip(clip, recipe.seed);
  if (!recipe.init_from.empty()) {
    const Clip from = load_clip(recipe.init_from);
    if (config_to_json(from->config) != config_to_json(clip->config))
      fail("{}: a CLIP of another shape than the recipe's clip", recipe.init_from);
    restore(*clip, state_of(*from), recipe.init_from);
  }
  return clip;
}

// Of `count` queries those whose find, an index among `captions`, has the caption it was to have.
double hits(const torch::Tensor& found, const std::vector<std::string>& captions) {
  const auto places = found.cpu();
  double right = 0;
  for (size_t i = 0; i < captions.size(); ++i)
    right += captions[places[static_cast<int64_t>(i)].item<int64_t>()] == captions[i];
  return right;
}

}  // namespace

void ClipRecipe::check() const {
  check_ranges(*this, "recipe");
  check_source(data);
  check_source(evaluation.data);
}

ClipTrainee::ClipTrainee(const ClipRecipe& recipe, const TrainerPlace& place)
    : recipe_(recipe),
      place_(place),
      tokenizer_(Tokenizer::from_folder(recipe.tokenizer)),
      clip_(on(place.device, new_clip(recipe, *tokenizer_))),
      streams_(open(recipe.data, derive_seed(recipe.seed, kDataSeed))) {}

Streams ClipTrainee::open(const SourceConfig& source, uint64_t seed) const {
  StreamOptions options;
  options.slice = Slice::of(place_.group.rank(), place_.group.size());
  options.decode = true;
  options.texts = Texts::kCaption;
  std::vector<std::unique_ptr<SampleStream>> streams;
  streams.push_back(std::make_unique<SampleStream>(source, seed, StreamPosition{}, options));
  return Streams(std::move(streams));
}

ClipTrainee::Pairs ClipTrainee::next(Streams& streams, int64_t count) const {
  Pairs pairs;
  std::vector<torch::Tensor> pictures;
  const auto side = static_cast<int>(clip_->config.vision_config.image_size);
  for (Sample& sample : streams.take(0, count)) {
    pictures.push_back(preprocess_clip(picture_of(sample), side));
    pairs.captions.push_back(std::move(sample.caption));
  }
  pairs.pixels_B3SS = torch::stack(pictures).to(place_.device);
  pairs.ids_BT = clip_text_ids(*tokenizer_, pairs.captions, clip_->config.text_config);
  return pairs;
}

torch::Tensor ClipTrainee::similarities(const Pairs& pairs) {
  torch::Tensor texts, pictures;
  {
    const Autocast autocast(recipe_.bf16, place_.device.type());
    texts = clip_->embed_texts(pairs.ids_BT);
    pictures = clip_->embed_pictures(pairs.pixels_B3SS);
  }
  return clip_->similarities(texts, pictures);
}

Work ClipTrainee::draw(int64_t /*step*/) {
  loss_ = torch::zeros({}, torch::device(place_.device));
  Work work;
  for (int64_t micro = 0; micro < recipe_.accumulate; ++micro) {
    work.losses.emplace_back([this, pairs = next(streams_, recipe_.batch)](const Counts&) {
      const auto share = static_cast<double>(recipe_.accumulate * place_.group.size());
      const auto loss = contrastive_loss(similarities(pairs)) / share;
      loss_ += loss.detach();
      return loss;
    });
    work.amount += recipe_.batch;
  }
  return work;
}

Json ClipTrainee::metrics(bool /*in_full*/) {
  return {{"loss", place_.group.agree({loss_.item<double>()})[0]},
          {"scale", clip_->logit_scale.exp().item<double>()}};
}

Json ClipTrainee::evaluate() {
  const ClipEvaluationOptions& options = recipe_.evaluation;
  Streams streams = open(options.data, derive_seed(recipe_.seed, kClipEvaluationSeed));
  double loss = 0, pictures = 0, captions = 0;
  for (int64_t i = 0; i < options.batches; ++i) {
    const Pairs pairs = next(streams, options.among);
    const auto fits = similarities(pairs);
    loss += contrastive_loss(fits).item<double>();
    pictures += hits(fits.argmax(1), pairs.captions);
    captions += hits(fits.argmax(0), pairs.captions);
  }
  const auto sums = place_.group.agree({loss, pictures, captions});
  const auto batches = static_cast<double>(options.batches * place_.group.size()),
             queries = batches * static_cast<double>(options.among);
  return {{"eval_loss", sums[0] / batches},
          {"eval_picture", sums[1] / queries},
          {"eval_caption", sums[2] / queries}};
}

void ClipTrainee::save(const fs::path& checkpoint, Ema& averages) {
  const Ema::Applied averaged(averages);
  make_folder(checkpoint / kResult);
  write_clip(checkpoint / kResult, clip_);
  copy_tokenizer(recipe_.tokenizer, checkpoint / kResult);
}

void ClipTrainee::load(const fs::path& checkpoint, Ema& averages) {
  const fs::path folder = checkpoint / kResult;
  check_same_tokenizer(recipe_.tokenizer, folder);
  const Ema::Applied averaged(averages);
  restore(*clip_, state_of(*load_clip(folder)), folder.string());
}

// The weights themselves are here where clip/ holds their averages.
TensorMap ClipTrainee::state() {
  return recipe_.ema > 0 ? with_prefix("weights.", state_of(*clip_)) : TensorMap();
}

void ClipTrainee::load_state(const TensorMap& state, const std::string& source) {
  restore(*clip_, without_prefix("weights.", state), source);
}

}  // namespace showo
