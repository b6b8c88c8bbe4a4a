// What a run leaves behind: checkpoints, and pictures to look at.
#include "showo/checkpoint/finite.h"
#include "showo/checkpoint/load.h"
#include "showo/checkpoint/weights_folder.h"
#include "showo/codec/checkpoint.h"
#include "showo/core/random.h"
#include "showo/generate/mask_sampler.h"
#include "showo/train/restore.h"
#include "showo/train/trainer.h"

namespace showo {
namespace {

constexpr const char* kTokenizerFiles[] = {"tokenizer.json", "vocab.json", "merges.txt",
                                           "added_tokens.json"};

}  // namespace

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
  RunState state{step_,
                 gather_positions(mine, place_),
                 epochs_.passed(),
                 gather_positions(epochs_.begin(), place_),
                 {}};
  if (std::isfinite(best_)) state.best = best_;
  const TensorMap moments = optimizer_state();
  auto write = [&](const fs::path& temporary) {
    const std::string kept = not_saved(step_);
    check_finite(*model_, kept);
    check_finite(moments, kept);
    save_showo(temporary / "model", model_);
    for (const char* name : kTokenizerFiles) {
      const fs::path from = fs::path(recipe_.tokenizer) / name;
      if (fs::exists(from)) fs::copy_file(from, temporary / "model" / "llm" / name);
    }
    save_codec(temporary / "model" / "codec", codec_);
    if (ema_.enabled()) {
      fs::copy(temporary / "model", temporary / "model_ema", fs::copy_options::recursive);
      const Ema::Applied averaged(ema_);
      check_finite(*model_, kept);
      write_safetensors(temporary / "model_ema" / kWeightsFile, state_of(*model_));
    }
    write_safetensors(temporary / "optimizer.safetensors", moments);
  };
  if (place_.group.leads()) folder_.save(state, recipe_.keep, write);
  place_.group.meet();
}

// The tokenizers may lie elsewhere than before, but they must be the same: the model learned their
// ids.
void Trainer::check_tokenizers(const fs::path& model) const {
  const TensorMap before = state_of(*load_codec(model / "codec")), now = state_of(*codec_);
  for (const auto& [name, tensor] : now) {
    const auto found = before.find(name);
    if (found == before.end() || !torch::equal(found->second, tensor.cpu())) {
      fail("{}: tensor '{}' differs from {}: another image tokenizer than the run's", recipe_.codec,
           name, (model / "codec").string());
    }
  }
  for (const char* name : kTokenizerFiles) {
    const fs::path kept = model / "llm" / name, file = fs::path(recipe_.tokenizer) / name;
    if (fs::exists(kept) && (!fs::exists(file) || read_file(kept) != read_file(file))) {
      fail("{}: differs from {}: another text tokenizer than the run's", file.string(),
           kept.string());
    }
  }
}

void Trainer::resume() {
  const fs::path from = folder_.start().value();
  check_tokenizers(from / "model");
  const RunState state = folder_.state();
  step_ = state.step;
  best_ = state.best.value_or(best_);
  const auto places = positions_for(state.streams, 3, place_.group);
  size_t place = 0;
  for (auto* stream : {&streams_.t2i, &streams_.mmu, &streams_.lm}) {
    if (*stream) (*stream)->go_to(places[place]);
    ++place;
  }
  const size_t streams = streams_.present().size();
  const bool same_shares = state.epoch_begin.size() == streams * place_.group.size();
  epochs_.begin(
      same_shares ? positions_for(state.epoch_begin, streams, place_.group) : streams_.positions(),
      state.epoch);
  const auto load = [&](const fs::path& folder) {
    restore(*model_, state_of(*load_showo(ModelPaths::in(folder))), folder.string());
  };
  if (ema_.enabled()) {
    const Ema::Applied averaged(ema_);
    load(from / "model_ema");
  }
  load(from / "model");
  optimizer_.load_state(read_safetensors(from / "optimizer.safetensors").tensors,
                        (from / "optimizer.safetensors").string());
  spdlog::info("resumed at step {}", step_);
  folder_.explain_rate(recipe_.optimizer, step_, recipe_.steps);
}

}  // namespace showo
