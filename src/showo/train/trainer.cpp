#include "showo/train/trainer.h"

#include <chrono>

#include "showo/checkpoint/finite.h"
#include "showo/checkpoint/load.h"
#include "showo/codec/checkpoint.h"
#include "showo/core/device.h"
#include "showo/core/random.h"
#include "showo/prompt/omni_attention.h"
#include "showo/train/start.h"

namespace showo {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::vector<std::string> owned_names(const torch::nn::Module& module,
                                     const std::vector<int>& owners, int rank) {
  std::vector<std::string> names;
  size_t i = 0;
  for (const auto& item : module.named_parameters()) {
    if (owners.empty() || owners[i] == rank) names.push_back(item.key());
    ++i;
  }
  return names;
}

ShowoRecipe checked(const ShowoRecipe& recipe) {
  recipe.check();
  return recipe;
}

// The tokenizer that pictures become codes by: in bf16 where the recipe says so and the device
// multiplies it, as a program that runs in bf16 will read them.
Magvit encoding_codec(const ShowoRecipe& recipe, const Magvit& codec, torch::Device device) {
  if (!recipe.bf16 || !multiplies_bf16(device.type())) return codec;
  return load_codec(recipe.codec, torch::kBFloat16, device);
}

}  // namespace

Trainer::Trainer(const ShowoRecipe& recipe, const fs::path& folder, const TrainerPlace& place)
    : recipe_(checked(recipe)),
      place_(place),
      folder_(folder, recipe, place.group.leads()),
      tokenizer_(Tokenizer::from_folder(recipe.tokenizer)),
      codec_(on(place.device, load_codec(recipe.codec))),
      model_(on(place.device, starting_model(recipe, *tokenizer_, codec_->config))),
      prompting_(model_->vocabulary, model_->config.text_tokens),
      maker_(recipe.batch, prompting_, tokenizer_, encoding_codec(recipe, codec_, place.device)),
      parameters_(model_->parameters()),
      owners_(recipe.shard_optimizer && place.group.size() > 1
                  ? assign_owners(parameters_, place.group.size())
                  : std::vector<int>{}),
      optimizer_(*model_, recipe.optimizer, owned_names(*model_, owners_, place.group.rank()),
                 recipe.bf16),
      ema_(*model_, recipe.ema),
      reducer_(parameters_, place.group),
      streams_(open(recipe.data, recipe.seed)),
      epochs_(recipe.mixing) {
  model_->showo->model->recompute_layers = recipe.recompute;
  epochs_.begin(streams_.positions(), 0);
  check_finite(*codec_, recipe.codec);
  if (!recipe.init_from.empty()) check_finite(*model_, recipe.init_from);
  if (folder_.start()) resume();
  folder_.open_logs(step_);
}

Trainer::Streams Trainer::open(const DataOptions& data, uint64_t seed) const {
  StreamOptions pictures;
  pictures.slice = Slice::of(place_.group.rank(), place_.group.size());
  pictures.decode = true;
  pictures.side = static_cast<int>(recipe_.batch.image_size);
  StreamOptions captioned = pictures, texts;
  captioned.texts = Texts::kCaption;
  texts.slice = pictures.slice;
  auto open = [&](const SourceConfig& source, int64_t rows, size_t index,
                  const StreamOptions& options) -> std::optional<SampleStream> {
    if (rows == 0 || (source.path.empty() && source.paths.empty())) return std::nullopt;
    return std::optional<SampleStream>(std::in_place, source, derive_seed(seed, index + 1),
                                       StreamPosition{}, options);
  };
  return {open(data.t2i, recipe_.batch.t2i, 0, captioned),
          open(data.mmu, recipe_.batch.mmu, 1, pictures),
          open(data.lm, recipe_.batch.lm, 2, texts)};
}

std::vector<SampleStream*> Trainer::Streams::present() {
  std::vector<SampleStream*> streams;
  for (auto* stream : {&t2i, &mmu, &lm}) {
    if (*stream) streams.push_back(&**stream);
  }
  return streams;
}

std::vector<StreamPosition> Trainer::Streams::positions() {
  std::vector<StreamPosition> positions;
  for (const auto* stream : present()) positions.push_back(stream->position());
  return positions;
}

std::vector<Sample> Trainer::take(std::optional<SampleStream>& stream, int64_t count) {
  const auto start = Clock::now();
  std::vector<Sample> samples;
  for (int64_t i = 0; i < count; ++i) samples.push_back(stream->next());
  waited_ += seconds_since(start);
  return samples;
}

// The rows of one forward pass. A row's masks follow from its place in the whole step, so that they
// do not depend on how many processes share it.
std::vector<Batch> Trainer::draw(Streams& streams, uint64_t seed, int64_t micro) {
  std::vector<Batch> batches;
  const BatchOptions& rows = recipe_.batch;
  if (streams.t2i) {
    std::vector<uint64_t> seeds;
    for (int64_t i = 0; i < rows.t2i; ++i) {
      const int64_t row = (micro * rows.t2i + i) * place_.group.size() + place_.group.rank();
      seeds.push_back(derive_seed(seed, row));
    }
    batches.push_back(maker_.text_to_image(take(streams.t2i, rows.t2i), seeds));
  }
  if (streams.mmu) batches.push_back(maker_.understanding(take(streams.mmu, rows.mmu)));
  if (streams.lm) {
    std::vector<std::string> lines;
    for (auto& sample : take(streams.lm, rows.lm)) lines.push_back(std::move(sample.caption));
    batches.push_back(maker_.language(lines));
  }
  if (batches.empty()) fail("recipe: data: no stream has both a path and rows in the batch");
  return batches;
}

TokenCounts Trainer::counts_of(const std::vector<Batch>& batches) {
  std::vector<double> sums{0, 0, 0, loop_ && loop_->asked() ? 1.0 : 0.0};
  for (const Batch& batch : batches) {
    const auto part = supervised_tokens(batch.labels_BT, batch.rows);
    for (int i = 0; i < 3; ++i) sums[i] += part[i];
    tokens_ += batch.ids_BT.numel();
  }
  sums = place_.group.agree(std::move(sums));
  all_stop_ |= sums[3] > 0;
  const auto divisor = [&](int i) { return std::max(sums[i], 1.0); };
  return {divisor(0), divisor(1), divisor(2)};
}

Losses Trainer::losses(const Batch& batch, const TokenCounts& divisors) {
  Autocast autocast(recipe_.bf16, place_.device.type());
  const int64_t length = batch.ids_BT.size(1);
  const auto visible = Visible::only(allowed_attention(batch.rows, length));
  const auto hidden =
      model_->hidden(batch.ids_BT, visible, nullptr, token_positions(batch.rows, length));
  return showo_losses(model_, hidden, batch.labels_BT, batch.rows, divisors);
}

Losses Trainer::backward(const std::vector<Batch>& batches) {
  const TokenCounts divisors = counts_of(batches);
  const Autocast casts(false, place_.device.type());  // weights are cast once for all batches
  const auto zero = torch::zeros({}, torch::device(place_.device));
  Losses sum{zero, zero, zero};
  for (size_t i = 0; i < batches.size(); ++i) {
    const Losses part = losses(batches[i], divisors);
    if (i + 1 == batches.size()) reducer_.arm();
    const auto loss = total(part, recipe_.coefficients);
    if (loss.requires_grad()) loss.backward();
    sum = {sum.t2i + part.t2i.detach(), sum.lm + part.lm.detach(), sum.mmu + part.mmu.detach()};
  }
  reducer_.finish();
  return summed(sum);
}

Losses Trainer::summed(Losses losses) {
  const auto mine = torch::stack({losses.t2i, losses.lm, losses.mmu}).cpu();
  if (place_.group.size() == 1) return {mine[0], mine[1], mine[2]};
  const auto wide = mine.to(torch::kDouble);
  const auto* values = wide.const_data_ptr<double>();
  const auto all = torch::tensor(place_.group.agree({values, values + 3})).to(mine.dtype());
  return {all[0], all[1], all[2]};
}

// Whether the weights moved.
bool Trainer::update(double norm) {
  if (!guard_.passes(norm, step_ + 1, *model_)) return false;
  optimizer_.step(learning_rate(recipe_.optimizer, step_, recipe_.steps));
  if (!owners_.empty()) exchange_parameters(parameters_, owners_, place_.group);
  ema_.update();
  return true;
}

void Trainer::pass_epoch() {
  if (!epochs_.pass(streams_.positions(), place_)) return;
  const auto streams = streams_.present();
  for (size_t i = 0; i < streams.size(); ++i) streams[i]->go_to(epochs_.begin()[i]);
}

Json Trainer::step() {
  // Masks of this step alone: resuming needs no random state.
  const uint64_t seed = derive_seed(derive_seed(recipe_.seed, 4), step_);
  std::vector<Batch> batches;
  for (int64_t micro = 0; micro < recipe_.accumulate; ++micro) {
    for (auto& batch : draw(streams_, seed, micro)) batches.push_back(std::move(batch));
  }
  zero_gradients(parameters_);
  const Losses now = backward(batches);
  const double norm = clip_gradients(parameters_, recipe_.optimizer.clip);
  const double lr = learning_rate(recipe_.optimizer, step_, recipe_.steps);
  const bool moved = update(norm);
  ++step_;
  pass_epoch();
  Json line = {{"step", step_},
               {"loss", total(now, recipe_.coefficients).item<double>()},
               {"t2i", now.t2i.item<double>()},
               {"lm", now.lm.item<double>()},
               {"mmu", now.mmu.item<double>()},
               {"grad_norm", norm},
               {"lr", lr}};
  if (!moved) line["skipped"] = guard_.skipped();
  return line;
}

Json Trainer::evaluate() {
  torch::NoGradGuard no_grad;
  std::optional<Ema::Applied> averaged;
  if (ema_.enabled()) averaged.emplace(ema_);
  const uint64_t seed = derive_seed(recipe_.seed, 6);
  Streams streams = open(recipe_.evaluation.data, seed);
  const int64_t tokens = tokens_;
  const double waited = waited_;
  std::vector<Batch> batches;
  for (int64_t i = 0; i < recipe_.evaluation.batches; ++i) {
    for (auto& batch : draw(streams, seed, i)) batches.push_back(std::move(batch));
  }
  const TokenCounts divisors = counts_of(batches);
  const auto zero = torch::zeros({}, torch::device(place_.device));
  Losses sum{zero, zero, zero};
  for (const Batch& batch : batches) {
    const Losses part = losses(batch, divisors);
    sum = {sum.t2i + part.t2i, sum.lm + part.lm, sum.mmu + part.mmu};
  }
  sum = summed(sum);
  tokens_ = tokens;  // neither time nor tokens of training
  waited_ = waited;
  return {{"step", step_},
          {"eval_t2i", sum.t2i.item<double>()},
          {"eval_lm", sum.lm.item<double>()},
          {"eval_mmu", sum.mmu.item<double>()},
          {"eval_loss", total(sum, recipe_.coefficients).item<double>()}};
}

void Trainer::report(Json& line, double seconds) {
  line["tokens_per_second"] = static_cast<double>(tokens_ * place_.group.size()) / seconds;
  line["seconds"] = seconds;  // since the line before
  line["data_wait"] = waited_ / seconds;
  line["epoch"] = epochs_.passed();
  int64_t corrupt = 0;
  for (const auto* stream : streams_.present()) corrupt += stream->corrupt();
  if (corrupt > 0) line["corrupt_samples"] = corrupt;
  folder_.log(line);
  tokens_ = 0;
  waited_ = 0;
}

bool Trainer::run() {
  if (place_.group.leads()) explain_precision(recipe_.bf16, place_.device.type());
  Progress progress("train", recipe_.steps);
  loop_.emplace(Pauses{recipe_.steps, recipe_.evaluation.every, recipe_.preview_every,
                       recipe_.checkpoint_every, [this] { return evaluate(); },
                       [this] { preview(); }, [this] { save(); }},
                folder_, place_.group, best_);
  auto since = Clock::now();
  tokens_ = 0;
  waited_ = 0;
  double rate = 0;
  for (bool goes_on = true; goes_on && step_ < recipe_.steps;) {
    Json line = step();
    const bool skipped = line.contains("skipped");
    progress.update(step_,
                    fmt::format("loss {:.3f}, {:.0f} tokens/s", line["loss"].get<double>(), rate));
    if ((recipe_.log_every > 0 && step_ % recipe_.log_every == 0) || skipped) {
      report(line, seconds_since(since));
      rate = line["tokens_per_second"].get<double>();
      since = Clock::now();
    }
    const auto pause = Clock::now();
    goes_on = loop_->after(step_, skipped, all_stop_);
    since += Clock::now() - pause;
  }
  loop_.reset();
  return step_ >= recipe_.steps;
}

}  // namespace showo
