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
  recipe.check();
  Magvit codec(recipe.codec);
  initialise_codec(codec, recipe.seed);
  if (!recipe.init_from.empty()) {
    const Magvit from = load_codec(recipe.init_from);
    if (config_to_json(from->config) != config_to_json(recipe.codec))
      fail("{}: a tokenizer of another shape than the recipe's codec", recipe.init_from);
    restore(*codec, state_of(*from), recipe.init_from);
  }
  for (auto& parameter : codec->encoder->parameters())
    parameter.requires_grad_(!recipe.freeze_encoder);
  use_channels_last(*codec);
  return codec;
}

std::vector<torch::Tensor> trained(const torch::nn::Module& module) {
  auto parameters = module.parameters();
  std::erase_if(parameters, [](const torch::Tensor& p) { return !p.requires_grad(); });
  return parameters;
}

constexpr uint64_t kDiscriminatorSeed = 1, kEvaluationSeed = 2;
using Clock = std::chrono::steady_clock;

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

CodecTrainer::CodecTrainer(const CodecRecipe& recipe, const fs::path& folder,
                           const TrainerPlace& place)
    : recipe_(recipe),
      place_(place),
      folder_(folder, recipe, place.group.leads()),
      codec_(on(place.device, new_codec(recipe))),
      stream_(open(recipe.shards, recipe.seed)),
      optimizer_(*codec_, recipe.optimizer, std::nullopt, recipe.bf16),
      ema_(*codec_, recipe.ema),
      reducer_(trained(*codec_), place.group),
      usage_(recipe.codec.codebook_size()) {
  if (!recipe.features.empty()) {
    features_ = on(place.device, load_features(recipe.features));
    check_finite(*features_, recipe.features);
  }
  if (recipe.adversarial > 0) {
    adversary_ = std::make_unique<Adversary>(
        recipe.discriminator, derive_seed(recipe.seed, kDiscriminatorSeed), recipe.bf16, place);
  }
  if (folder_.start()) resume();
  folder_.open_logs(step_);
}

SampleStream CodecTrainer::open(const SourceConfig& source, uint64_t seed,
                                StreamPosition at) const {
  StreamOptions options;
  options.slice = Slice::of(place_.group.rank(), place_.group.size());
  options.decode = true;
  options.texts = Texts::kNone;
  options.side = static_cast<int>(recipe_.image_size);
  return SampleStream(source, seed, at, options);
}

torch::Tensor CodecTrainer::next_batch(SampleStream& stream) const {
  std::vector<torch::Tensor> pictures;
  for (int64_t i = 0; i < recipe_.batch; ++i) {
    pictures.push_back(
        preprocess_showo(picture_of(stream.next()), static_cast<int>(recipe_.image_size)));
  }
  return torch::stack(pictures).contiguous(torch::MemoryFormat::ChannelsLast).to(place_.device);
}

CodecTrainer::Pass CodecTrainer::pass(const torch::Tensor& image) {
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

torch::Tensor CodecTrainer::adversarial_term(const Pass& pass, Json& line) {
  const auto verdict = adversary_->verdict(pass.reconstruction);
  const auto weight = adaptive_weight(pass.likeness, verdict, codec_->decoder->last_layer());
  line["adversarial"] = verdict.item<double>();
  line["adaptive_weight"] = weight.item<double>();
  return recipe_.adversarial * weight * verdict;
}

// Every process's share of the gradient's mean; returns the norm of the whole, before clipping.
double CodecTrainer::backward(const torch::Tensor& loss) {
  optimizer_.zero_grad();
  reducer_.arm();
  (loss / place_.group.size()).backward();
  reducer_.finish();
  return optimizer_.clip();
}

Json CodecTrainer::step() {
  const auto image = last_batch_ = next_batch(stream_);
  // Where one waits for its pictures the others do too, rather than in the sum of gradients.
  all_stop_ |= place_.group.agree({loop_ && loop_->asked() ? 1.0 : 0.0})[0] > 0;
  Json line;
  const Pass pass = this->pass(image);
  const Quantized& quantized = pass.quantized;
  auto total = pass.likeness + recipe_.commitment * quantized.commitment_loss +
               recipe_.entropy * quantized.entropy_loss;
  if (is_judged()) total = total + adversarial_term(pass, line);
  const double norm = backward(total);
  const double lr = learning_rate(recipe_.optimizer, step_, recipe_.steps);
  if (guard_.passes(norm, step_ + 1, *codec_)) {
    optimizer_.step(lr);
    ema_.update();
    if (is_judged())
      line["discriminator"] = adversary_->learn(image, pass.reconstruction, step_, recipe_.steps);
    usage_.add(quantized.codes_BN);
  } else {
    line["skipped"] = guard_.skipped();
  }
  ++step_;
  const double mse = pass.l2.item<double>();
  line.update({{"step", step_},
               {"l1", pass.l1.item<double>()},
               {"l2", mse},
               {"psnr", 10 * std::log10(4 / mse)},
               {"commitment", quantized.commitment_loss.item<double>()},
               {"entropy", quantized.entropy_loss.item<double>()},
               {"codes", std::get<0>(at::_unique(quantized.codes_BN)).numel()},
               {"perplexity", usage_.perplexity()},
               {"grad_norm", norm},
               {"lr", lr}});
  if (pass.feature_distance.defined())
    line["feature_distance"] = pass.feature_distance.item<double>();
  if (recipe_.log_every > 0 && step_ % recipe_.log_every == 0) add_quality(image, pass, line);
  return line;
}

// What is only logged is computed only when it is.
void CodecTrainer::add_quality(const torch::Tensor& image, const Pass& pass, Json& line) {
  torch::NoGradGuard no_grad;
  if (recipe_.image_size >= kSsimWindow)
    line["ssim"] = ssim(image, pass.reconstruction).mean().item<double>();
  if (features_ && !pass.feature_distance.defined()) {
    line["feature_distance"] =
        feature_distance(features_, image, pass.reconstruction).mean().item<double>();
  }
}

Json CodecTrainer::evaluate() {
  torch::NoGradGuard no_grad;
  const Ema::Applied averages(ema_);
  SampleStream stream = open(recipe_.evaluation.shards, derive_seed(recipe_.seed, kEvaluationSeed));
  auto mine = torch::zeros({2}, torch::device(place_.device));
  for (int64_t i = 0; i < recipe_.evaluation.batches; ++i) {
    const Pass pass = this->pass(next_batch(stream));
    mine += torch::stack({pass.likeness, pass.l2});
  }
  mine = mine.cpu();
  const auto sums = place_.group.agree({mine[0].item<double>(), mine[1].item<double>()});
  const auto count = static_cast<double>(recipe_.evaluation.batches * place_.group.size());
  return {{"step", step_},
          {"eval_loss", sums[0] / count},
          {"eval_psnr", 10 * std::log10(4 * count / sums[1])}};
}

bool CodecTrainer::run() {
  if (place_.group.leads()) explain_precision(recipe_.bf16, place_.device.type());
  Progress progress("train-codec", recipe_.steps);
  loop_.emplace(Pauses{recipe_.steps, recipe_.evaluation.every, recipe_.preview_every,
                       recipe_.checkpoint_every, [this] { return evaluate(); },
                       [this] { preview(); }, [this] { save(); }},
                folder_, place_.group, best_);
  auto since = Clock::now();
  int64_t counted = 0;
  for (bool goes_on = true; goes_on && step_ < recipe_.steps;) {
    Json line = step();
    ++counted;
    const bool skipped = line.contains("skipped");
    progress.update(step_, fmt::format("psnr {:.2f}", line["psnr"].get<double>()));
    if ((recipe_.log_every > 0 && step_ % recipe_.log_every == 0) || skipped) {
      const std::chrono::duration<double> seconds = Clock::now() - since;
      line["images_per_second"] =
          static_cast<double>(counted * recipe_.batch * place_.group.size()) / seconds.count();
      folder_.log(line);
      since = Clock::now();
      counted = 0;
    }
    const auto pause = Clock::now();
    goes_on = loop_->after(step_, skipped, all_stop_);
    since += Clock::now() - pause;
  }
  loop_.reset();
  return step_ >= recipe_.steps;
}

}  // namespace showo
