#include "showo/train/codec_trainer.h"

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
  use_channels_last(*codec);
  return codec;
}

constexpr uint64_t kDiscriminatorSeed = 1;

}  // namespace

void CodecRecipe::check() const {
  codec.check("recipe: codec");
  if (image_size % codec.stride()) {
    fail("recipe: image_size {} is not a multiple of the codec's stride {}", image_size,
         codec.stride());
  }
  if (perceptual < 0) fail("recipe: perceptual is {}, expected 0 or more", perceptual);
  if (adversarial < 0) fail("recipe: adversarial is {}, expected 0 or more", adversarial);
  if (perceptual > 0 && features.empty())
    fail("recipe: perceptual needs features, the folder of a feature network");
  if (adversarial > 0) discriminator.network.check("recipe: discriminator", image_size);
}

CodecTrainer::CodecTrainer(const CodecRecipe& recipe, const fs::path& folder)
    : recipe_(recipe),
      folder_(folder, config_to_json(recipe)),
      codec_(new_codec(recipe)),
      stream_(recipe.shards, recipe.seed),
      optimizer_(*codec_, recipe.optimizer),
      ema_(*codec_, recipe.ema),
      usage_(recipe.codec.codebook_size()) {
  if (!recipe.features.empty()) features_ = load_features(recipe.features);
  if (recipe.adversarial > 0) {
    adversary_ = std::make_unique<Adversary>(
        recipe.discriminator, derive_seed(recipe.seed, kDiscriminatorSeed), recipe.bf16);
  }
  if (folder_.has_checkpoint()) resume();
}

torch::Tensor CodecTrainer::next_batch() {
  std::vector<torch::Tensor> pictures;
  for (int64_t i = 0; i < recipe_.batch; ++i) {
    const Sample sample = stream_.next();
    const auto bytes = std::as_bytes(std::span(sample.image_bytes));
    pictures.push_back(
        preprocess_showo(decode_image(bytes, sample.key), static_cast<int>(recipe_.image_size)));
  }
  return torch::stack(pictures).contiguous(torch::MemoryFormat::ChannelsLast);
}

CodecTrainer::Pass CodecTrainer::pass(const torch::Tensor& image) {
  Pass pass;
  {
    Autocast autocast(recipe_.bf16);
    pass.quantized = quantize(codec_->encoder(image));
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

Json CodecTrainer::step() {
  const auto image = last_batch_ = next_batch();
  optimizer_.zero_grad();
  Json line;
  const Pass pass = this->pass(image);
  const Quantized& quantized = pass.quantized;
  auto total = pass.likeness + recipe_.commitment * quantized.commitment_loss +
               recipe_.entropy * quantized.entropy_loss;
  if (is_judged()) total = total + adversarial_term(pass, line);
  total.backward();
  const double norm = optimizer_.clip();
  if (!std::isfinite(norm)) fail("step {}: the gradient is not finite", step_);
  const double lr = learning_rate(recipe_.optimizer, step_, recipe_.steps);
  optimizer_.step(lr);
  ema_.update();
  if (is_judged())
    line["discriminator"] = adversary_->learn(image, pass.reconstruction, step_, recipe_.steps);
  usage_.add(quantized.codes_BN);
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
  if (step_ % recipe_.log_every == 0) add_quality(image, pass, line);
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

void CodecTrainer::run() {
  keep_freed_memory();
  explain_precision(recipe_.bf16, torch::kCPU);
  Progress progress("train-codec", recipe_.steps);
  auto since = std::chrono::steady_clock::now();
  int64_t counted = 0;
  while (step_ < recipe_.steps) {
    Json line = step();
    ++counted;
    progress.update(step_, fmt::format("psnr {:.2f}", line["psnr"].get<double>()));
    if (step_ % recipe_.log_every == 0) {
      const auto now = std::chrono::steady_clock::now();
      line["images_per_second"] =
          counted * recipe_.batch / std::chrono::duration<double>(now - since).count();
      folder_.log(line);
      since = now;
      counted = 0;
    }
    if (step_ % recipe_.preview_every == 0) preview();
    if (step_ % recipe_.checkpoint_every == 0) save();
  }
  save();
}

void CodecTrainer::preview() {
  torch::NoGradGuard no_grad;
  const Ema::Applied averages(ema_);
  const auto image = last_batch_.narrow(0, 0, std::min<int64_t>(8, recipe_.batch));
  write_preview(folder_.previews() / fmt::format("step-{:07}.png", step_),
                {image, codec_->decode(codec_->encode(image))});
}

// What is neither the codec nor its optimizer.
TensorMap CodecTrainer::training_state() const {
  TensorMap state{{"code_usage", usage_.counts()}};
  if (ema_.enabled()) state.merge(with_prefix("weights.", state_of(*codec_)));
  if (adversary_) state.merge(adversary_->state());
  return state;
}

void CodecTrainer::save() {
  write_folder_atomically(folder_.checkpoint(), [&](const fs::path& temporary) {
    {
      const Ema::Applied averages(ema_);
      save_codec(temporary / "codec", codec_);
    }
    write_safetensors(temporary / "optimizer.safetensors", optimizer_.state());
    write_safetensors(temporary / "training.safetensors", training_state());
    write_file_atomically(
        temporary / "state.json",
        Json{{"step", step_}, {"stream", config_to_json(stream_.position())}}.dump());
  });
}

void CodecTrainer::resume() {
  const fs::path from = folder_.checkpoint();
  const Json state = read_json(from / "state.json");
  step_ = state.at("step").get<int64_t>();
  StreamPosition position;
  read_config(position, state.at("stream"), (from / "state.json").string());
  stream_ = SampleStream(recipe_.shards, recipe_.seed, position);
  {
    const Ema::Applied averages(ema_);
    restore(*codec_, state_of(*load_codec(from / "codec")), (from / "codec").string());
  }
  optimizer_.load_state(read_safetensors(from / "optimizer.safetensors").tensors,
                        (from / "optimizer.safetensors").string());
  const std::string file = (from / "training.safetensors").string();
  const TensorMap training = read_safetensors(file).tensors;
  if (training.contains("code_usage")) usage_.set_counts(training.at("code_usage"));
  if (ema_.enabled()) restore(*codec_, without_prefix("weights.", training), file);
  if (adversary_) adversary_->load_state(training, file);
  spdlog::info("resumed at step {}", step_);
}

}  // namespace showo
