// What a tokenizer's run leaves behind: checkpoints, and pictures beside their reconstructions.
#include "showo/checkpoint/finite.h"
#include "showo/checkpoint/load.h"
#include "showo/codec/checkpoint.h"
#include "showo/train/codec_trainer.h"
#include "showo/train/epochs.h"
#include "showo/train/restore.h"

namespace showo {

void CodecTrainer::preview() {
  torch::NoGradGuard no_grad;
  const Ema::Applied averages(ema_);
  const auto image = last_batch_.narrow(0, 0, std::min<int64_t>(8, recipe_.batch));
  write_preview(folder_.previews() / fmt::format("step-{:07}.png", step_),
                {image.cpu(), codec_->decode(codec_->encode(image)).cpu()});
}

// What is neither the codec nor its optimizer.
TensorMap CodecTrainer::training_state() const {
  TensorMap state{{"code_usage", usage_.counts()}};
  if (ema_.enabled()) state.merge(with_prefix("weights.", state_of(*codec_)));
  if (adversary_) state.merge(adversary_->state());
  return state;
}

void CodecTrainer::save() {
  RunState state{step_, gather_positions({stream_.position()}, place_), 0, {}, {}};
  if (std::isfinite(best_)) state.best = best_;
  auto write = [&](const fs::path& temporary) {
    const std::string kept = not_saved(step_);
    const TensorMap moments = optimizer_.state(), training = training_state();
    check_finite(moments, kept);
    check_finite(training, kept);
    {
      const Ema::Applied averages(ema_);
      check_finite(*codec_, kept);
      save_codec(temporary / "codec", codec_);
    }
    write_safetensors(temporary / "optimizer.safetensors", moments);
    write_safetensors(temporary / "training.safetensors", training);
  };
  if (place_.group.leads()) folder_.save(state, recipe_.keep, write);
  place_.group.meet();
}

void CodecTrainer::resume() {
  const fs::path from = folder_.start().value();
  const RunState state = folder_.state();
  step_ = state.step;
  best_ = state.best.value_or(best_);
  stream_.go_to(positions_for(state.streams, 1, place_.group)[0]);
  {
    const Ema::Applied averages(ema_);
    restore(*codec_, state_of(*load_codec(from / "codec")), (from / "codec").string());
  }
  optimizer_.load_state(read_safetensors(from / "optimizer.safetensors").tensors,
                        (from / "optimizer.safetensors").string());
  const std::string file = (from / "training.safetensors").string();
  const TensorMap training = read_safetensors(file).tensors;
  if (training.contains("code_usage")) restore({{"code_usage", usage_.counts()}}, training, file);
  if (ema_.enabled()) restore(*codec_, without_prefix("weights.", training), file);
  if (adversary_) adversary_->load_state(training, file);
  spdlog::info("resumed at step {}", step_);
  folder_.explain_rate(recipe_.optimizer, step_, recipe_.steps);
}

}  // namespace showo
