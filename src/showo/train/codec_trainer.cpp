#include "showo/train/codec_trainer.h"

#include "showo/image/preprocess.h"

namespace showo {
namespace {

Magvit new_codec(const CodecRecipe& recipe) {
  recipe.codec.check("recipe: codec");
  if (recipe.image_size % recipe.codec.stride()) {
    fail("recipe: image_size {} is not a multiple of the codec's stride {}", recipe.image_size,
         recipe.codec.stride());
  }
  Magvit codec(recipe.codec);
  initialise_codec(codec, recipe.seed);
  return codec;
}

// Convolutions on CPUs are fastest with the channels innermost.
void use_channels_last(Magvit& codec) {
  for (auto& parameter : codec->parameters()) {
    if (parameter.dim() == 4)
      parameter.set_data(parameter.detach().clone(torch::MemoryFormat::ChannelsLast));
  }
}

}  // namespace

CodecTrainer::CodecTrainer(const CodecRecipe& recipe, const fs::path& folder)
    : recipe_(recipe),
      folder_(folder, config_to_json(recipe)),
      codec_(new_codec(recipe)),
      stream_(recipe.shards, recipe.seed),
      optimizer_((use_channels_last(codec_), *codec_), recipe.optimizer) {
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

Json CodecTrainer::step() {
  const auto image = last_batch_ = next_batch();
  optimizer_.zero_grad();
  torch::Tensor l1, l2, total;
  Quantized quantized;
  {
    Autocast autocast(recipe_.bf16);
    quantized = quantize(codec_->encoder(image));
    const auto difference = codec_->decoder(quantized.z_BKHW).to(torch::kFloat) - image;
    l1 = difference.abs().mean();
    l2 = difference.square().mean();
    total = recipe_.l1 * l1 + recipe_.l2 * l2 + recipe_.commitment * quantized.commitment_loss +
            recipe_.entropy * quantized.entropy_loss;
  }
  total.backward();
  const double norm = optimizer_.clip();
  if (!std::isfinite(norm)) fail("step {}: the gradient is not finite", step_);
  const double lr = learning_rate(recipe_.optimizer, step_, recipe_.steps);
  optimizer_.step(lr);
  ++step_;
  const double mse = l2.item<double>();
  return {{"step", step_},
          {"l1", l1.item<double>()},
          {"l2", mse},
          {"psnr", 10 * std::log10(4 / mse)},
          {"commitment", quantized.commitment_loss.item<double>()},
          {"entropy", quantized.entropy_loss.item<double>()},
          {"codes", std::get<0>(at::_unique(quantized.codes_BN)).numel()},
          {"grad_norm", norm},
          {"lr", lr}};
}

void CodecTrainer::run() {
  keep_freed_memory();
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
  const auto image = last_batch_.narrow(0, 0, std::min<int64_t>(8, recipe_.batch));
  write_preview(folder_.previews() / fmt::format("step-{:07}.png", step_),
                {image, codec_->decode(codec_->encode(image))});
}

void CodecTrainer::save() {
  write_folder_atomically(folder_.checkpoint(), [&](const fs::path& temporary) {
    save_codec(temporary / "codec", codec_);
    write_safetensors(temporary / "optimizer.safetensors", optimizer_.state());
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
    torch::NoGradGuard no_grad;
    const auto saved = state_of(*load_codec(from / "codec"));
    for (auto& [name, target] : state_of(*codec_)) torch::Tensor(target).copy_(saved.at(name));
  }
  optimizer_.load_state(read_safetensors(from / "optimizer.safetensors").tensors,
                        (from / "optimizer.safetensors").string());
  spdlog::info("resumed at step {}", step_);
}

}  // namespace showo
