// What a tokenizer's run leaves behind: checkpoints, and pictures beside their reconstructions.
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
  Json streams = Json::array();
  for (const auto& position : gather_positions({stream_.position()}, place_))
    streams.push_back(config_to_json(position));
  Json json = {{"step", step_}, {"streams", streams}};
  if (std::isfinite(best_)) json["best"] = best_;
  auto write = [&](const fs::path& temporary) {
    {
      const Ema::Applied averages(ema_);
      save_codec(temporary / "codec", codec_);
    }
    write_safetensors(temporary / "optimizer.safetensors", optimizer_.state());
    write_safetensors(temporary / "training.safetensors", training_state());
    write_file_atomically(temporary / "state.json", json.dump());
  };
  if (place_.group.leads()) folder_.save(step_, recipe_.keep, write);
  place_.group.barrier();
}

void CodecTrainer::resume() {
  const fs::path from = folder_.checkpoint();
  const std::string where = (from / "state.json").string();
  const Json state = read_json(where);
  if (!state.contains("step") || !state.contains("streams"))
    fail("{}: expected step and streams", where);
  step_ = state["step"].get<int64_t>();
  best_ = state.value("best", best_);
  std::vector<StreamPosition> positions;
  for (const auto& item : state["streams"]) read_config(positions.emplace_back(), item, where);
  stream_.go_to(positions_for(positions, 1, place_.group)[0]);
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
