#include "showo/train/codec_trainer.h"

#include "showo/checkpoint/finite.h"
#include "showo/checkpoint/load.h"
#include "showo/codec/checkpoint.h"
#include "showo/codec/initialise.h"
#include "showo/core/random.h"
#include "showo/image/metrics.h"
#include "showo/image/preprocess.h"
#include "showo/train/restore.h"

namespace showo {
namespace {

Magvit new_codec(const CodecRecipe& recipe) {
  Magvit codec(recipe.codec);
  initialise_codec(codec, recipe.seed);
  if (!recipe.init_from.empty()) {
    const Magvit from = load_codec(recipe.init_from);
    if (config_to_json(from->config) != config_to_json(recipe.codec))
      fail("{}: a tokenizer of another shape than the recipe's codec", recipe.init_from);
    restore(*codec, state_of(*from), recipe.init_from);
  }
  use_channels_last(*codec);
  return codec;
}

constexpr uint64_t kDiscriminatorSeed = 1, kCodecEvaluationSeed = 2;

}  // namespace

void CodecRecipe::check() const {
  check_ranges(*this, "recipe");
  codec.check("recipe: codec");
  if (image_size % codec.stride()) {
    fail("recipe: image_size {} is not a multiple of the codec's stride {}", image_size,
         codec.stride());
  }
  check_source(shards);
  check_source(evaluation.shards);
  if (perceptual > 0 && features.empty())
    fail("recipe: perceptual needs features, the folder of a feature network");
  if (freeze_encoder && init_from.empty())
    fail("recipe: freeze_encoder needs init_from, a tokenizer whose encoder is to be kept");
  if (adversarial > 0) discriminator.network.check("recipe: discriminator", image_size);
}

RunOptions CodecRecipe::run() const {
  RunOptions options = *this;
  if (freeze_encoder) options.freeze.emplace_back("encoder.");
  return options;
}

CodecTrainee::CodecTrainee(const CodecRecipe& recipe, const TrainerPlace& place)
    : recipe_(recipe),
      place_(place),
      codec_(on(place.device, new_codec(recipe))),
      streams_(open(recipe.shards, recipe.seed)),
      usage_(recipe.codec.codebook_size()) {
  if (!recipe.features.empty()) {
    features_ = on(place.device, load_features(recipe.features));
    check_finite(*features_, recipe.features);
  }
  if (recipe.adversarial > 0) {
    adversary_ = std::make_unique<Adversary>(
        recipe.discriminator, derive_seed(recipe.seed, kDiscriminatorSeed), recipe.bf16, place);
  }
}

Streams CodecTrainee::open(const SourceConfig& source, uint64_t seed) const {
  StreamOptions options;
  options.slice = Slice::of(place_.group.rank(), place_.group.size());
  options.decode = true;
  options.texts = Texts::kNone;
  options.side = static_cast<int>(recipe_.image_size);
  std::vector<std::unique_ptr<SampleStream>> streams;
  streams.push_back(std::make_unique<SampleStream>(source, seed, StreamPosition{}, options));
  return Streams(std::move(streams));
}

torch::Tensor CodecTrainee::next_batch(Streams& streams) const {
  std::vector<torch::Tensor> pictures;
  for (const Sample& sample : streams.take(0, recipe_.batch)) {
    pictures.push_back(preprocess_showo(picture_of(sample), static_cast<int>(recipe_.image_size)));
  }
  return torch::stack(pictures).contiguous(torch::MemoryFormat::ChannelsLast).to(place_.device);
}

CodecTrainee::Pass CodecTrainee::pass(const torch::Tensor& image) {
  Pass pass;
  {
    Autocast autocast(recipe_.bf16, place_.device.type());
    pass.quantized = quantize(codec_->encoder(image),
                              recipe_.joint_entropy ? EntropyOf::kCodes : EntropyOf::kBits);
    pass.reconstruction = codec_->decoder(pass.quantized.z_BKHW).to(torch::kFloat);
  }
  const auto difference = pass.reconstruction - image;
  pass.l1 = difference.abs().mean();
  pass.l2 = difference.square().mean();
  pass.likeness = recipe_.l1 * pass.l1 + recipe_.l2 * pass.l2;
  if (recipe_.perceptual > 0) {
    pass.feature_distance = feature_distance(features_, image, pass.reconstruction).mean();
    pass.likeness = pass.likeness + recipe_.perceptual * pass.feature_distance;
  }
  return pass;
}

torch::Tensor CodecTrainee::adversarial_term(const Pass& pass, Seen& seen) {
  const auto last = codec_->decoder->last_layer();
  if (!last.requires_grad())
    fail("recipe: adversarial: its adaptive weight needs the decoder's last layer to learn");
  const auto verdict = adversary_->verdict(pass.reconstruction);
  const auto weight = adaptive_weight(pass.likeness, verdict, last);
  seen.terms.emplace_back("adversarial", verdict.detach());
  seen.terms.emplace_back("adaptive_weight", weight);
  return recipe_.adversarial * weight * verdict;
}

// Every process's share of the mean over all batches of the step.
torch::Tensor CodecTrainee::loss(const torch::Tensor& image) {
  const Pass pass = this->pass(image);
  const Quantized& quantized = pass.quantized;
  Seen seen{{image, pass.reconstruction.detach()},
            quantized.codes_BN,
            {{"l1", pass.l1.detach()},
             {"l2", pass.l2.detach()},
             {"commitment", quantized.commitment_loss.detach()},
             {"entropy", quantized.entropy_loss.detach()}}};
  if (pass.feature_distance.defined())
    seen.terms.emplace_back("feature_distance", pass.feature_distance.detach());
  auto total = pass.likeness + recipe_.commitment * quantized.commitment_loss +
               recipe_.entropy * quantized.entropy_loss;
  if (is_judged()) total = total + adversarial_term(pass, seen);
  seen_.push_back(std::move(seen));
  return total / (recipe_.accumulate * place_.group.size());
}

Work CodecTrainee::draw(int64_t step) {
  step_ = step;
  seen_.clear();
  discriminator_loss_.reset();
  Work work;
  for (int64_t micro = 0; micro < recipe_.accumulate; ++micro) {
    const auto image = last_batch_ = next_batch(streams_);
    work.losses.emplace_back([this, image](const Counts&) { return loss(image); });
    work.amount += recipe_.batch;
  }
  return work;
}

void CodecTrainee::moved() {
  std::vector<Adversary::Pair> pictures;
  for (const Seen& seen : seen_) pictures.push_back(seen.pictures);
  if (is_judged()) discriminator_loss_ = adversary_->learn(pictures, step_, recipe_.steps);
  for (const Seen& seen : seen_) usage_.add(seen.codes_BN);
}

Json CodecTrainee::metrics(bool in_full) {
  Json line = Json::object();
  std::vector<torch::Tensor> codes;
  const auto count = static_cast<double>(seen_.size());
  for (const Seen& seen : seen_) {
    for (const auto& [name, term] : seen.terms)
      line[name] = line.value(name, 0.0) + term.item<double>() / count;
    codes.push_back(seen.codes_BN);
  }
  line["psnr"] = 10 * std::log10(4 / line["l2"].get<double>());
  line["codes"] = std::get<0>(at::_unique(torch::cat(codes))).numel();
  line["perplexity"] = usage_.perplexity();
  if (discriminator_loss_) line["discriminator"] = *discriminator_loss_;
  if (in_full) add_quality(line);
  return line;
}

void CodecTrainee::add_quality(Json& line) {
  torch::NoGradGuard no_grad;
  const bool told = line.contains("feature_distance");
  const auto count = static_cast<double>(seen_.size());
  const auto add = [&](const char* name, const torch::Tensor& values) {
    line[name] = line.value(name, 0.0) + values.mean().item<double>() / count;
  };
  for (const auto& [pictures, codes, terms] : seen_) {
    const auto& [image, reconstruction] = pictures;
    if (recipe_.image_size >= kSsimWindow) add("ssim", ssim(image, reconstruction));
    if (features_ && !told)
      add("feature_distance", feature_distance(features_, image, reconstruction));
  }
}

Json CodecTrainee::evaluate() {
  Streams streams =
      open(recipe_.evaluation.shards, derive_seed(recipe_.seed, kCodecEvaluationSeed));
  auto mine = torch::zeros({2}, torch::device(place_.device));
  for (int64_t i = 0; i < recipe_.evaluation.batches; ++i) {
    const Pass pass = this->pass(next_batch(streams));
    mine += torch::stack({pass.likeness, pass.l2});
  }
  mine = mine.cpu();
  const auto sums = place_.group.agree({mine[0].item<double>(), mine[1].item<double>()});
  const auto count = static_cast<double>(recipe_.evaluation.batches * place_.group.size());
  return {{"eval_loss", sums[0] / count}, {"eval_psnr", 10 * std::log10(4 * count / sums[1])}};
}

}  // namespace showo
