// What a run leaves behind: checkpoints, and pictures to look at.
#include "showo/core/random.h"
#include "showo/generate/mask_sampler.h"
#include "showo/train/trainer.h"

namespace showo {

void Trainer::preview() {
  torch::NoGradGuard no_grad;
  std::optional<Ema::Applied> averaged;
  if (ema_.enabled()) averaged.emplace(ema_);
  std::vector<torch::Tensor> lines;
  std::vector<std::string> prompts = recipe_.prompts;
  if (prompts.empty() && streams_.t2i) {
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
  std::vector<Row> rows;
  std::vector<uint64_t> seeds;
  for (const auto& prompt : prompts) {
    rows.push_back(prompting_.text_to_image(tokenizer_->encode(prompt), blank));
    seeds.push_back(seeds.size() + 1);
  }
  if (rows.empty()) return;
  SeededDraws draws(seeds, place_.device);
  const auto canvas = torch::full({static_cast<int64_t>(rows.size()), tokens}, -1, torch::kLong);
  const auto codes = sample_codes(model_, rows, prompting_.text_to_image({}, blank), canvas,
                                  SamplingOptions{}, draws);
  lines.push_back(codec_->decode(codes));
  for (auto& line : lines) line = line.cpu();
  write_preview(folder_.previews() / fmt::format("step-{:07}.png", step_), lines);
}

namespace {

Json to_json(const std::vector<StreamPosition>& positions) {
  Json list = Json::array();
  for (const auto& position : positions) list.push_back(config_to_json(position));
  return list;
}

std::vector<StreamPosition> positions_in(const Json& list, const std::string& where) {
  std::vector<StreamPosition> positions;
  for (const auto& item : list) read_config(positions.emplace_back(), item, where);
  return positions;
}

}  // namespace

// Whole on the first process, whoever keeps the parts.
TensorMap Trainer::optimizer_state() {
  TensorMap state = optimizer_.state();
  if (owners_.empty()) return state;
  Group& group = place_.group;
  TensorMap whole;
  size_t i = 0;
  for (const auto& item : model_->named_parameters()) {
    const int owner = owners_[i++];
    for (const char* kind : {"mean.", "square.", "step."}) {
      const std::string name = kind + item.key();
      if (std::string_view(kind) == "square." &&
          takes_muon(recipe_.optimizer, item.key(), item.value()))
        continue;
      auto tensor = owner == group.rank() ? state.at(name)
                    : std::string_view(kind) == "step."
                        ? torch::zeros({}, item.value().options().dtype(torch::kFloat))
                        : torch::zeros_like(item.value());
      group.broadcast(tensor, owner);
      if (group.leads()) whole[name] = tensor.cpu();
    }
  }
  return whole;
}

void Trainer::save() {
  std::vector<StreamPosition> mine;
  for (const auto* stream : {&streams_.t2i, &streams_.mmu, &streams_.lm})
    mine.push_back(*stream ? (*stream)->position() : StreamPosition{});
  const auto at = gather_positions(mine, place_), begin = gather_positions(epochs_.begin(), place_);
  const TensorMap state = optimizer_state();
  auto write = [&](const fs::path& temporary) {
    save_showo(temporary / "model", model_);
    for (const char* name : {"tokenizer.json", "vocab.json", "merges.txt", "added_tokens.json"}) {
      const fs::path from = fs::path(recipe_.tokenizer) / name;
      if (fs::exists(from)) fs::copy_file(from, temporary / "model" / "llm" / name);
    }
    save_codec(temporary / "model" / "codec", codec_);
    if (ema_.enabled()) {
      fs::copy(temporary / "model", temporary / "model_ema", fs::copy_options::recursive);
      const Ema::Applied averaged(ema_);
      write_safetensors(temporary / "model_ema" / "model.safetensors", state_of(*model_));
    }
    write_safetensors(temporary / "optimizer.safetensors", state);
    Json json = {{"step", step_},
                 {"streams", to_json(at)},
                 {"epoch", epochs_.passed()},
                 {"epoch_begin", to_json(begin)}};
    if (std::isfinite(best_)) json["best"] = best_;
    write_file_atomically(temporary / "state.json", json.dump());
  };
  if (place_.group.leads()) folder_.save(step_, recipe_.keep, write);
  place_.group.barrier();
}

void Trainer::resume() {
  const fs::path from = folder_.checkpoint();
  const std::string where = (from / "state.json").string();
  const Json state = read_json(where);
  if (!state.contains("step") || !state.contains("streams"))
    fail("{}: expected step and streams", where);
  step_ = state["step"].get<int64_t>();
  best_ = state.value("best", best_);
  const auto all = positions_in(state["streams"], where);
  const auto begins = positions_in(state.value("epoch_begin", Json::array()), where);
  streams_ = open(recipe_.data, recipe_.seed, positions_for(all, 3, place_.group));
  const bool same_shares = begins.size() == streams_.present().size() * place_.group.size();
  epochs_.begin(same_shares ? positions_for(begins, streams_.present().size(), place_.group)
                            : streams_.positions(),
                state.value("epoch", int64_t{0}));
  torch::NoGradGuard no_grad;
  auto load = [&](const fs::path& folder) {
    const auto saved = state_of(*load_showo(ModelPaths::in(folder)));
    for (auto& [name, target] : state_of(*model_)) torch::Tensor(target).copy_(saved.at(name));
  };
  if (ema_.enabled()) {
    const Ema::Applied averaged(ema_);
    load(from / "model_ema");
  }
  load(from / "model");
  optimizer_.load_state(read_safetensors(from / "optimizer.safetensors").tensors,
                        (from / "optimizer.safetensors").string());
  spdlog::info("resumed at step {}", step_);
}

}  // namespace showo
