#include "showo/train/trainer.h"

#include <sstream>

#include "showo/core/random.h"
#include "showo/generate/mask_sampler.h"
#include "showo/prompt/omni_attention.h"

namespace showo {
namespace {

Showo new_model(const ShowoRecipe& recipe, const Tokenizer& tokenizer, const Magvit& codec) {
  if (!recipe.init_from.empty()) return load_showo(ModelPaths::in(recipe.init_from));
  LlmConfig llm = recipe.llm;
  llm.vocab_size = tokenizer.size();
  const auto end = tokenizer.id_of("<|endoftext|>");
  if (!end) fail("{}: the tokenizer has no <|endoftext|>", recipe.tokenizer);
  llm.bos_token_id = llm.eos_token_id = *end;
  llm.check("recipe: llm");
  ShowoConfig config;
  config.llm_vocab_size = llm.vocab_size;
  config.codebook_size = codec->config.codebook_size();
  config.vocab_size = Vocabulary::after(llm.vocab_size, config.codebook_size, 0, 0).size;
  const int64_t side = recipe.batch.image_size / codec->config.stride();
  config.num_vq_tokens = side * side;
  config.text_tokens = recipe.text_tokens;
  Showo model(config, llm);
  initialise_showo(model, recipe.seed);
  return model;
}

std::vector<std::string> read_lines(const std::string& path) {
  std::vector<std::string> lines;
  if (path.empty()) return lines;
  std::istringstream in(read_file(path));
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  if (lines.empty()) fail("{}: holds no text", path);
  return lines;
}

}  // namespace

Trainer::Trainer(const ShowoRecipe& recipe, const fs::path& folder)
    : recipe_(recipe),
      folder_(folder, config_to_json(recipe)),
      tokenizer_(Tokenizer::from_folder(recipe.tokenizer)),
      codec_(load_codec(recipe.codec)),
      model_(new_model(recipe, *tokenizer_, codec_)),
      prompting_(model_->vocabulary, model_->config.text_tokens),
      maker_(recipe.batch, prompting_, tokenizer_, codec_),
      t2i_stream_(recipe.shards, derive_seed(recipe.seed, 1)),
      mmu_stream_(recipe.shards, derive_seed(recipe.seed, 2)),
      lines_(read_lines(recipe.text)),
      optimizer_(*model_, recipe.optimizer) {
  if (folder_.has_checkpoint()) resume();
}

std::vector<Sample> Trainer::take(SampleStream& stream, int64_t count) {
  std::vector<Sample> samples;
  for (int64_t i = 0; i < count; ++i) samples.push_back(stream.next());
  return samples;
}

std::vector<std::string> Trainer::take_lines(int64_t count) const {
  std::vector<std::string> lines;
  for (int64_t i = 0; i < count; ++i)
    lines.push_back(
        lines_[derive_seed(derive_seed(recipe_.seed, 3), step_ * count + i) % lines_.size()]);
  return lines;
}

Losses Trainer::losses(const std::vector<Batch>& batches) {
  Losses sum{torch::zeros({}), torch::zeros({}), torch::zeros({})};
  for (const Batch& batch : batches) {
    Autocast autocast(recipe_.bf16);
    const int64_t length = batch.ids_BT.size(1);
    const auto visible = Visible::only(allowed_attention(batch.rows, length));
    const auto hidden =
        model_->hidden(batch.ids_BT, visible, nullptr, token_positions(batch.rows, length));
    const Losses part = showo_losses(model_, hidden, batch.labels_BT, batch.rows);
    sum = {sum.t2i + part.t2i, sum.lm + part.lm, sum.mmu + part.mmu};
    tokens_ += batch.ids_BT.numel();
  }
  return sum;
}

Json Trainer::step() {
  // A generator of this step alone: resuming needs no random state.
  auto random = make_generator(derive_seed(derive_seed(recipe_.seed, 4), step_));
  std::vector<Batch> batches;
  if (recipe_.batch.t2i > 0)
    batches.push_back(maker_.text_to_image(take(t2i_stream_, recipe_.batch.t2i), random));
  if (recipe_.batch.mmu > 0)
    batches.push_back(maker_.understanding(take(mmu_stream_, recipe_.batch.mmu)));
  if (recipe_.batch.lm > 0 && !lines_.empty())
    batches.push_back(maker_.language(take_lines(recipe_.batch.lm)));
  optimizer_.zero_grad();
  const Losses now = losses(batches);
  const auto loss = total(now, recipe_.coefficients);
  loss.backward();
  const double norm = optimizer_.clip();
  if (!std::isfinite(norm)) fail("step {}: the gradient is not finite", step_);
  const double lr = learning_rate(recipe_.optimizer, step_, recipe_.steps);
  optimizer_.step(lr);
  ++step_;
  return {{"step", step_},
          {"loss", loss.item<double>()},
          {"t2i", now.t2i.item<double>()},
          {"lm", now.lm.item<double>()},
          {"mmu", now.mmu.item<double>()},
          {"grad_norm", norm},
          {"lr", lr}};
}

void Trainer::run() {
  keep_freed_memory();
  Progress progress("train", recipe_.steps);
  auto since = std::chrono::steady_clock::now();
  tokens_ = 0;
  double rate = 0;
  while (step_ < recipe_.steps) {
    Json line = step();
    progress.update(step_,
                    fmt::format("loss {:.3f}, {:.0f} tokens/s", line["loss"].get<double>(), rate));
    if (step_ % recipe_.log_every == 0) {
      const auto now = std::chrono::steady_clock::now();
      line["tokens_per_second"] = rate =
          tokens_ / std::chrono::duration<double>(now - since).count();
      folder_.log(line);
      since = now;
      tokens_ = 0;
    }
    if (step_ % recipe_.preview_every == 0) preview();
    if (step_ % recipe_.checkpoint_every == 0) save();
  }
  save();
}

void Trainer::preview() {
  SampleStream stream(recipe_.shards, derive_seed(recipe_.seed, 5));
  std::vector<Row> prompts;
  const auto samples = take(stream, 8);
  const std::vector<int64_t> blank(model_->config.num_vq_tokens, model_->vocabulary.mask_token);
  for (const Sample& sample : samples)
    prompts.push_back(prompting_.text_to_image(tokenizer_->encode(sample.caption), blank));
  SeededDraws draws({1, 2, 3, 4, 5, 6, 7, 8});
  const auto canvas = torch::full({8, model_->config.num_vq_tokens}, -1, torch::kLong);
  const auto codes = sample_codes(model_, prompts, prompting_.text_to_image({}, blank), canvas,
                                  SamplingOptions{}, draws);
  torch::NoGradGuard no_grad;
  write_preview(folder_.previews() / fmt::format("step-{:07}.png", step_),
                {codec_->decode(maker_.codes_of(samples)), codec_->decode(codes)});
}

void Trainer::save() {
  write_folder_atomically(folder_.checkpoint(), [&](const fs::path& temporary) {
    save_showo(temporary / "model", model_);
    for (const char* name : {"tokenizer.json", "vocab.json", "merges.txt", "added_tokens.json"}) {
      const fs::path from = fs::path(recipe_.tokenizer) / name;
      if (fs::exists(from)) fs::copy_file(from, temporary / "model" / "llm" / name);
    }
    save_codec(temporary / "model" / "codec", codec_);
    write_safetensors(temporary / "optimizer.safetensors", optimizer_.state());
    const Json state = {{"step", step_},
                        {"t2i", config_to_json(t2i_stream_.position())},
                        {"mmu", config_to_json(mmu_stream_.position())}};
    write_file_atomically(temporary / "state.json", state.dump());
  });
}

void Trainer::resume() {
  const fs::path from = folder_.checkpoint();
  const std::string where = (from / "state.json").string();
  const Json state = read_json(where);
  step_ = state.at("step").get<int64_t>();
  StreamPosition t2i, mmu;
  read_config(t2i, state.at("t2i"), where);
  read_config(mmu, state.at("mmu"), where);
  t2i_stream_ = SampleStream(recipe_.shards, derive_seed(recipe_.seed, 1), t2i);
  mmu_stream_ = SampleStream(recipe_.shards, derive_seed(recipe_.seed, 2), mmu);
  {
    torch::NoGradGuard no_grad;
    const auto saved = state_of(*load_showo(ModelPaths::in(from / "model")));
    for (auto& [name, target] : state_of(*model_)) torch::Tensor(target).copy_(saved.at(name));
  }
  optimizer_.load_state(read_safetensors(from / "optimizer.safetensors").tensors,
                        (from / "optimizer.safetensors").string());
  spdlog::info("resumed at step {}", step_);
}

}  // namespace showo
