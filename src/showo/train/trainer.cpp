#include "showo/train/trainer.h"

#include "showo/checkpoint/finite.h"
#include "showo/codec/checkpoint.h"
#include "showo/core/device.h"
#include "showo/core/random.h"
#include "showo/train/start.h"

namespace showo {
namespace {

// The tokenizer that pictures become codes by: in bf16 where the recipe says so and the device
// multiplies it, as a program that runs in bf16 will read them.
Magvit encoding_codec(const ShowoRecipe& recipe, const Magvit& codec, torch::Device device) {
  if (!recipe.bf16 || !multiplies_bf16(device.type())) return codec;
  return load_codec(recipe.codec, torch::kBFloat16, device);
}

// As the tokenizer: in the type in which pictures are encoded. The tower of a model that was
// trained by one lies beside it.
Sight sight_of(const ShowoRecipe& recipe, const Showo& model, const Magvit& codec,
               std::shared_ptr<const Tokenizer> tokenizer, torch::Device device) {
  const bool narrow = recipe.bf16 && multiplies_bf16(device.type());
  return {model, encoding_codec(recipe, codec, device), std::move(tokenizer), recipe.tower_folder(),
          narrow ? torch::kBFloat16 : torch::kFloat};
}

TokenCounts divisors_of(const Counts& sums) {
  const auto divisor = [&](int i) { return std::max(sums[i], 1.0); };
  return {divisor(0), divisor(1), divisor(2)};
}

}  // namespace

ShowoTrainee::ShowoTrainee(const ShowoRecipe& recipe, const TrainerPlace& place)
    : recipe_(recipe),
      place_(place),
      tokenizer_(Tokenizer::from_folder(recipe.tokenizer)),
      codec_(on(place.device, load_codec(recipe.codec))),
      model_(on(place.device, starting_model(recipe, *tokenizer_, codec_->config))),
      prompting_(model_->prompting()),
      maker_(recipe.batch, prompting_, tokenizer_, encoding_codec(recipe, codec_, place.device),
             sight_of(recipe, model_, codec_, tokenizer_, place.device)),
      streams_(open(recipe.data, recipe.seed)) {
  model_->showo->recompute_layers = recipe.recompute;
  if (!recipe.distillation.teacher.empty())
    distillation_.emplace(recipe.distillation, model_, place.device);
  check_finite(*codec_, recipe.codec);
  if (!recipe.init_from.empty()) check_finite(*model_, recipe.init_from);
}

Streams ShowoTrainee::open(const DataOptions& data, uint64_t seed) const {
  StreamOptions pictures;
  pictures.slice = Slice::of(place_.group.rank(), place_.group.size());
  pictures.decode = true;
  pictures.side = static_cast<int>(recipe_.batch.image_size);
  StreamOptions captioned = pictures, texts;
  captioned.texts = Texts::kCaption;
  texts.slice = pictures.slice;
  std::vector<std::unique_ptr<SampleStream>> streams;
  auto open = [&](const SourceConfig& source, int64_t rows, const StreamOptions& options) {
    auto& stream = streams.emplace_back();
    if (rows == 0 || (source.path.empty() && source.paths.empty())) return;
    stream = std::make_unique<SampleStream>(source, derive_seed(seed, streams.size()),
                                            StreamPosition{}, options);
  };
  open(data.t2i, recipe_.batch.t2i, captioned);
  open(data.mmu, recipe_.batch.mmu, pictures);
  open(data.lm, recipe_.batch.lm, texts);
  StreamOptions stories = pictures;
  stories.texts = Texts::kStory;
  open(data.stories, recipe_.batch.stories, stories);
  if (!streams.back()) streams.pop_back();  // as in runs that knew of no stories
  return Streams(std::move(streams), recipe_.mixing);
}

// A row's masks follow from its place in the whole step, so that they do not depend on how many
// processes share it.
std::vector<uint64_t> ShowoTrainee::seeds_of(uint64_t seed, int64_t micro, int64_t rows) const {
  std::vector<uint64_t> seeds;
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t row = (micro * rows + i) * place_.group.size() + place_.group.rank();
    seeds.push_back(derive_seed(seed, row));
  }
  return seeds;
}

// The rows of one forward pass.
std::vector<Batch> ShowoTrainee::draw(Streams& streams, uint64_t seed, int64_t micro) {
  std::vector<Batch> batches;
  const BatchOptions& rows = recipe_.batch;
  if (streams.has(kT2i)) {
    batches.push_back(maker_.text_to_image(streams.take(kT2i, rows.t2i),
                                           seeds_of(seed, micro, rows.t2i),
                                           distillation_ && distillation_->guided()));
  }
  if (streams.has(kMmu)) batches.push_back(maker_.understanding(streams.take(kMmu, rows.mmu)));
  if (streams.has(kLm)) {
    std::vector<std::string> lines;
    for (auto& sample : streams.take(kLm, rows.lm)) lines.push_back(std::move(sample.caption));
    batches.push_back(maker_.language(lines));
  }
  if (streams.has(kStories)) {
    batches.push_back(maker_.stories(streams.take(kStories, rows.stories),
                                     seeds_of(derive_seed(seed, kStories), micro, rows.stories)));
  }
  if (batches.empty()) fail("recipe: data: no stream has both a path and rows in the batch");
  const uint64_t own = derive_seed(seed, micro * place_.group.size() + place_.group.rank());
  for (size_t i = 0; i < batches.size(); ++i) batches[i].seed = derive_seed(own, i);
  return batches;
}

Counts ShowoTrainee::counts_of(const std::vector<Batch>& batches) {
  Counts sums{0, 0, 0};
  for (const Batch& batch : batches) {
    const auto part = supervised_tokens(batch.rows);
    for (int i = 0; i < 3; ++i) sums[i] += part[i];
  }
  return sums;
}

Losses ShowoTrainee::losses(const Batch& batch, const TokenCounts& divisors) {
  Autocast autocast(recipe_.bf16, place_.device.type());
  if (!distillation_ || batch.rows.drawn.empty())
    return showo_losses(model_, model_->hidden(batch.rows, batch.features), batch.rows, divisors);
  const auto step =
      (*distillation_)(model_, batch.rows, batch.without_text ? &*batch.without_text : nullptr,
                       batch.seed, divisors[0]);
  PackedRows texts = batch.rows;
  texts.targets[0] = {torch::empty({0}, torch::kLong), torch::empty({0}, torch::kLong)};
  Losses losses = showo_losses(model_, step.hidden_TC, texts, divisors);
  losses.t2i = step.loss;
  return losses;
}

Losses ShowoTrainee::zero() const {
  const auto zero = torch::zeros({}, torch::device(place_.device));
  return {zero, zero, zero};
}

Losses ShowoTrainee::summed(Losses losses) {
  const auto mine = torch::stack({losses.t2i, losses.lm, losses.mmu}).cpu();
  if (place_.group.size() == 1) return {mine[0], mine[1], mine[2]};
  const auto wide = mine.to(torch::kDouble);
  const auto* values = wide.const_data_ptr<double>();
  const auto all = torch::tensor(place_.group.agree({values, values + 3})).to(mine.dtype());
  return {all[0], all[1], all[2]};
}

Work ShowoTrainee::draw(int64_t step) {
  // Masks of this step alone: resuming needs no random state.
  const uint64_t seed = derive_seed(derive_seed(recipe_.seed, 4), step);
  std::vector<Batch> batches;
  for (int64_t micro = 0; micro < recipe_.accumulate; ++micro) {
    for (auto& batch : draw(streams_, seed, micro)) batches.push_back(std::move(batch));
  }
  losses_ = zero();
  Work work;
  work.counts = counts_of(batches);
  for (Batch& batch : batches) {
    work.amount += batch.rows.ids_T.numel();
    work.losses.emplace_back([this, batch = std::move(batch)](const Counts& counts) {
      const Losses part = losses(batch, divisors_of(counts));
      losses_ = {losses_.t2i + part.t2i.detach(), losses_.lm + part.lm.detach(),
                 losses_.mmu + part.mmu.detach()};
      return total(part, recipe_.coefficients);
    });
  }
  return work;
}

Json ShowoTrainee::metrics(bool /*in_full*/) {
  const Losses now = summed(losses_);
  return {{"loss", total(now, recipe_.coefficients).item<double>()},
          {"t2i", now.t2i.item<double>()},
          {"lm", now.lm.item<double>()},
          {"mmu", now.mmu.item<double>()}};
}

Json ShowoTrainee::evaluate() {
  const uint64_t seed = derive_seed(recipe_.seed, 6);
  Streams streams = open(recipe_.evaluation.data, seed);
  std::vector<Batch> batches;
  for (int64_t i = 0; i < recipe_.evaluation.batches; ++i) {
    for (auto& batch : draw(streams, seed, i)) batches.push_back(std::move(batch));
  }
  const TokenCounts divisors = divisors_of(place_.group.agree(counts_of(batches)));
  Losses sum = zero();
  for (const Batch& batch : batches) {
    const Losses part = losses(batch, divisors);
    sum = {sum.t2i + part.t2i, sum.lm + part.lm, sum.mmu + part.mmu};
  }
  sum = summed(sum);
  return {{"eval_t2i", sum.t2i.item<double>()},
          {"eval_lm", sum.lm.item<double>()},
          {"eval_mmu", sum.mmu.item<double>()},
          {"eval_loss", total(sum, recipe_.coefficients).item<double>()}};
}

}  // namespace showo
