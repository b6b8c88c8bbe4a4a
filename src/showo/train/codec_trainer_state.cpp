// What a tokenizer's run leaves behind: checkpoints, and pictures beside their reconstructions.
#include "showo/checkpoint/load.h"
#include "showo/codec/checkpoint.h"
#include "showo/train/codec_trainer.h"
#include "showo/train/restore.h"

namespace showo {

void CodecTrainee::preview(const fs::path& file) {
  const auto image = last_batch_.narrow(0, 0, std::min<int64_t>(8, recipe_.batch));
  write_preview(file, {image.cpu(), codec_->decode(codec_->encode(image)).cpu()});
}

void CodecTrainee::save(const fs::path& checkpoint, Ema& averages) {
  const Ema::Applied averaged(averages);
  save_codec(checkpoint / "codec", codec_);
}

void CodecTrainee::load(const fs::path& checkpoint, Ema& averages) {
  const fs::path folder = checkpoint / "codec";
  const Ema::Applied averaged(averages);
  restore(*codec_, state_of(*load_codec(folder)), folder.string());
}

// The weights themselves are here where codec/ holds their averages.
TensorMap CodecTrainee::state() {
  TensorMap state{{"code_usage", usage_.counts()}};
  if (recipe_.ema > 0) state.merge(with_prefix("weights.", state_of(*codec_)));
  if (adversary_) state.merge(adversary_->state());
  return state;
}

void CodecTrainee::load_state(const TensorMap& state, const std::string& source) {
  if (state.contains("code_usage")) restore({{"code_usage", usage_.counts()}}, state, source);
  if (recipe_.ema > 0) restore(*codec_, without_prefix("weights.", state), source);
  if (adversary_) adversary_->load_state(state, source);
}

}  // namespace showo
